"""The commands of `sekisho`, by who gives them; each calls one function of the gateway and prints what it says."""
