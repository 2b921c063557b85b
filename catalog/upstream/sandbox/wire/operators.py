"""Mobile operators by country id, as slugs. Most countries of real lists have some, many have none."""

OPERATORS: dict[int, list[str]] = {
    1: ["kyivstar", "lifecell", "vodafone"],
    2: ["activ", "altel", "beeline", "tele2"],
    4: ["dito", "globe_telecom", "smart"],
    6: ["axis", "indosat", "smartfren", "telkomsel", "three"],
    7: ["celcom", "digi", "maxis", "u_mobile", "yes"],
    10: ["mobifone", "vietnamobile", "viettel", "vinaphone"],
    11: ["beeline", "megacom", "o!"],
    16: ["ee", "lebara", "o2", "three", "vodafone"],
    22: ["airtel", "jio", "vodafone"],
    36: ["bell", "fido", "rogers", "telus"],
    43: ["o2", "telekom", "vodafone"],
    52: ["ais", "dtac", "true"],
    62: ["turk_telekom", "turkcell", "vodafone"],
    73: ["claro", "tim", "vivo"],
    187: ["at_t", "t_mobile", "verizon"],
}
