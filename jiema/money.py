def dollars(cents: int) -> str:
    """US cents as people read them: $1,234.56."""
    sign = "−" if cents < 0 else ""
    whole, rest = divmod(abs(cents), 100)
    return f"{sign}${whole:,}.{rest:02}"
