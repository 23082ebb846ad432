"""The participant's and the person's side: whoever seals, opens, signs, permits and asks does it with this package.

Nothing here is a body: it runs where the organisation's operator or the person is, with their keys.
"""
