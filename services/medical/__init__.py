"""The medical information centre: sealed records, directives about them, proxy 1.

``app`` wires · ``api`` parses and responds · ``depositing`` D5-D7 and compartment keys · ``reading`` R3-R8 ·
``egress`` what leaves for another body · ``policy`` pure rules · ``store`` every query · ``inspection`` the audit.
It holds no key that opens a record, no personal number and no name.
"""
