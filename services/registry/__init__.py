"""The resident registry: name, address, sex, date of birth, under a pseudonym of its own."""
