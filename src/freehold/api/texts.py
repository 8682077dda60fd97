"""Which texts from outside can be stored and compared.

A text that no database stores, or that cannot be sent back, is refused where
it comes in: then nothing behind has to think of it.
"""


def is_storable(text: str) -> bool:
    """Tell whether a text is free of NUL and of half surrogate pairs.

    PostgreSQL stores no NUL in a text, and a lone surrogate has no UTF-8 form.
    """
    if "\0" in text:
        return False
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)
