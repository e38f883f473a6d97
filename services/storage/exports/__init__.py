"""The export ledger: who asked for which file, how far it is, where it is (SPEC S4 to S7, S10, S11)."""
