"""The report for the one who decides: what a bundle does with a set of pictures, before and after, and what it
costs.
"""
