"""Apache Kafka on this machine from Python packages: its JARs, its data, its brokers."""
