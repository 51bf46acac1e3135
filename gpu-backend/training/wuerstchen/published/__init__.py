"""The released networks, exactly: Würstchen v2 and Stable Cascade. Names of parameters are those of the released
weights.
"""
