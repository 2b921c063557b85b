def dollars(cents: int) -> str:
    """US cents in plain English, for ops, programs and logs: $1,234.56. Customers' pages: jiema.languages.dollars."""
    sign = "−" if cents < 0 else ""
    whole, rest = divmod(abs(cents), 100)
    return f"{sign}${whole:,}.{rest:02}"
