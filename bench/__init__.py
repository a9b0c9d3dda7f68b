"""How fast the product is, beside its peers and beside what is possible at all.

Whatever is compared runs in one go on one machine, in turn, several times: rates belong to the
machine, the ratios between them to the design.
"""
