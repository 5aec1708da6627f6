# SPDX-License-Identifier: MIT
def any_case(draw, image): pass
class Image:
    def __init__(s,p): pass
