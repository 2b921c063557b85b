from catalog.upstream.reference import countries, services


def test_knows_205_countries_of_which_195_are_live():
    assert len(countries()) == 205
    assert sum(country.live for country in countries()) == 195


def test_slug_of_a_country_is_its_iso_code_but_for_the_second_united_states():
    odd = {country.id: country.slug for country in countries() if country.slug != country.iso2.lower()}
    assert odd == {12: "us-virtual"}


def test_country_ids_and_slugs_are_unique():
    assert len({country.id for country in countries()}) == 205
    assert len({country.slug for country in countries()}) == 205


def test_a_country_has_all_its_facts():
    malaysia = next(country for country in countries() if country.id == 7)
    assert (malaysia.iso2, malaysia.slug, malaysia.dial_code, malaysia.live) == ("MY", "my", "60", True)
    assert malaysia.name == "Malaysia"


def test_mobile_numbers_leave_room_for_a_hundred_thousand_customers():
    assert min(country.mobile.count("#") for country in countries()) == 5
    assert max(len(country.dial_code + country.mobile) for country in countries()) <= 15


def test_knows_2044_services_of_which_811_are_live():
    assert len(services()) == 2044
    assert sum(service.live for service in services()) == 811


def test_no_slug_is_another_services_code():
    slugs = {service.slug: service.code for service in services()}
    codes = {service.code for service in services()}
    assert len(slugs) == 2044
    assert [slug for slug, code in slugs.items() if slug in codes and slug != code] == []


def test_popular_services_come_first():
    assert [service.slug for service in services()[1:5]] == ["google", "facebook", "whatsapp", "telegram"]
