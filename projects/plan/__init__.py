"""The project plan as people edit it: fields, words, differences, exchange as YAML."""
