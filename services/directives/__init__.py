"""What every body that keeps directives does alike (medical, oversight, identity, registry).

``tables`` and ``store`` hold them · ``policy`` judges an incoming copy (P4) · ``workflows`` wallet, permitting,
withdrawing · ``barrier`` orders withdrawals against answers · ``release`` the second proxy (R7) · ``witness``
· ``api`` the routes · ``audit`` what is stored against what was signed.
"""
