"""The oversight body: who is accredited, witness of all logs, second proxy."""
