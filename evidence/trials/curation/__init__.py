"""From the curated YAML files to the dataset, with every fault named."""
