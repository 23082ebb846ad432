"""The bodies of Sekisho, each a process of its own, and what they share.

`kit` knows no domain; `contracts` is the only thing bodies know about each other;
`gateway` is the participant's side; `deployment` starts all bodies on one machine.
"""
