import io
import os
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from subprocess import PIPE, Popen
from threading import Event, Thread
from typing import Any
from unittest.mock import patch

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from accounts.models import User
from accounts.wallet import services as wallet
from accounts.wallet.models import Entry, Wallet
from jiema import backups, books
from jiema.backups import tools
from jiema.backups.tools import find_tools
from orders.errors import UpstreamUnavailable
from orders.models import Order, SalesStop
from orders.services.buying import buy_number
from tests.conftest import WISH, Shopper, expire, unguard
from tests.embedded.conftest import is_running

PASSWORD = "only-the-server-knows"


def run(name: str, file: Path) -> str:
    out = io.StringIO()
    call_command(name, str(file), stdout=out)
    return out.getvalue()


def start(name: str, file: Path, *, port: int | None = None, **options: Any) -> Popen[str]:
    """The real command in a process of its own, with a password in its DATABASE_URL."""
    at = connection.settings_dict
    url = f"postgres://{at['USER']}:{PASSWORD}@{at['HOST']}:{port or at['PORT']}/{at['NAME']}"
    argv = [sys.executable, "manage.py", name, str(file)]
    env = os.environ | {"DATABASE_URL": url}
    return Popen(argv, env=env, stdout=PIPE, stderr=PIPE, text=True, **options)


def finish(command: Popen[str]) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    with command:
        printed, complained = command.communicate(timeout=60)
    return command.returncode, printed, complained


def wait_for(is_so: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def sql(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def inside(database: str, **settings: str) -> Iterator[None]:
    """Django's connection leads to another database for a while."""
    connection.close()
    with patch.dict(connection.settings_dict, {"NAME": database, **settings}):
        try:
            yield
        finally:
            connection.close()


@pytest.fixture
def empty(transactional_db: None) -> Iterator[str]:
    """The name of a new, empty database."""
    name = f"{connection.settings_dict['NAME']}_restored"
    sql(f"CREATE DATABASE {name}")
    yield name
    sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def file(tmp_path: Path, transactional_db: None) -> Path:
    """Where the backup goes; real transactions, because pg_dump sees what is committed."""
    return tmp_path / "shop.dump"


@pytest.fixture
def busy(shopper: Shopper) -> Shopper:
    """Orders in each state."""
    ids = [shopper.buy()["id"] for _ in range(5)]
    for order_id in ids[:2]:
        shopper.deliver(order_id, "Your code is 1234")
        shopper.order(order_id)
    for order_id in ids[1:3]:
        expire(order_id, 61)
        shopper.order(order_id)
    shopper.api.post(f"/orders/{ids[3]}/cancel")
    shopper.sandbox.fail("getNumberV2", "close")
    shopper.api.post("/orders", WISH)
    return shopper


MONEY = ("orders_order", "orders_upstreamattempt", "orders_sms", "wallet_wallet", "wallet_entry", "accounts_apikey")


def holdings() -> dict[str, tuple[Any, ...]]:
    """How many rows each table of ours has, and a digest of them all."""
    digest = "SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM {} t"
    return {table: sql(digest.format(table))[0] for table in MONEY}


def guards() -> list[tuple[Any, ...]]:
    return sql(
        "SELECT tgrelid::regclass::text, tgname, tgfoid::regproc::text, tgenabled, tgtype, tgdeferrable"
        " FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2"
    )


def test_what_is_restored_is_what_was_saved(busy: Shopper, file: Path, empty: str) -> None:
    before, states = holdings(), Counter(Order.objects.values_list("status", flat=True))
    assert states == {"WAITING": 2, "RECEIVED": 1, "COMPLETED": 1, "FAILED": 1, "CANCELLED": 1}
    assert re.fullmatch(
        r"Wrote .*/shop\.dump: [\d.]+\sKB in [\d.]+ s, 6 orders, 9 ledger entries\.\n", run("backup", file)
    )
    with inside(empty):
        said = run("restore", file)
        assert holdings() == before
    assert re.match(r"Restored the backup of \d{4}-.* UTC in [\d.]+ s: 6 orders, 9 ledger entries\.\n", said)
    assert said.endswith(f"{len(books.CHECKS)} checks, 0 breaches.\n")


def test_after_a_restore_sales_are_stopped(busy: Shopper, file: Path, empty: str) -> None:
    run("backup", file)
    before = holdings()
    with inside(empty):
        run("restore", file)
        assert re.match(r"Restored from the backup of \d{4}-\d\d-\d\d .* UTC: ", SalesStop.objects.get().reason)
        with pytest.raises(UpstreamUnavailable):
            buy_number(busy.user.pk, "tg", "7")
        assert holdings() == before


def test_a_restored_ledger_is_guarded_and_goes_on(busy: Shopper, file: Path, empty: str) -> None:
    run("backup", file)
    before = guards()
    with inside(empty):
        run("restore", file)
        assert guards() == before
        with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
            Entry.objects.update(amount_cents=1)
        newest = Entry.objects.latest("id").pk
        assert wallet.adjust(busy.user.pk, 100, "gift", reason="gift", actor="tests").pk > newest


@contextmanager
def somebody_buys(user_id: str) -> Iterator[None]:
    """All the time: from before the block until after it."""
    sold, enough = Event(), Event()

    def buy() -> None:
        while not enough.is_set():
            buy_number(user_id, "tg", "7")
            sold.set()
        connection.close()

    buyer = Thread(target=buy)
    buyer.start()
    try:
        assert sold.wait(20)
        yield
        sold.clear()
        assert sold.wait(20)
    finally:
        enough.set()
        buyer.join()


def test_a_backup_taken_while_numbers_are_sold_is_one_moment(shopper: Shopper, file: Path, empty: str) -> None:
    wallet.adjust(shopper.user.pk, 100_000, "more", reason="more", actor="tests")
    shopper.sandbox.shop.stock(7, "tg", Decimal("0.30"), 5000)
    with somebody_buys(shopper.user.pk):
        saved = backups.backup(file)
    assert 1 <= saved.orders < Order.objects.count()
    assert saved.entries == saved.orders + 2
    with inside(empty):
        restored = backups.restore(file)
        assert (restored.orders, restored.entries, restored.taken) == (saved.orders, saved.entries, saved.taken)
        assert books.breaches() == []


def test_only_its_owner_may_read_a_backup(file: Path) -> None:
    run("backup", file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_a_backup_never_overwrites_a_file(file: Path) -> None:
    file.write_text("precious")
    with pytest.raises(CommandError, match=r"shop\.dump exists; a backup never overwrites a file\."):
        run("backup", file)
    assert (file.read_text(), list(file.parent.iterdir())) == ("precious", [file])


def test_two_backups_to_one_file_do_not_mix(file: Path) -> None:
    partial = file.with_name("shop.dump.partial")
    partial.write_text("the other's")
    with pytest.raises(CommandError, match=r"shop\.dump\.partial exists: another backup runs"):
        run("backup", file)
    assert (partial.read_text(), list(file.parent.iterdir())) == ("the other's", [partial])


def test_a_backup_into_no_folder_is_refused(file: Path) -> None:
    with pytest.raises(CommandError, match=r"/nowhere/shop\.dump\.partial: No such file or directory\."):
        run("backup", file.parent / "nowhere/shop.dump")


def test_a_database_that_is_away_is_told_in_one_line(file: Path) -> None:
    code, printed, complained = finish(start("backup", file, port=1))
    assert (code, printed) == (1, "")
    assert re.fullmatch(r"CommandError: The database: connection failed: .*Connection refused.*\n", complained)
    assert PASSWORD not in complained
    assert list(file.parent.iterdir()) == []


def test_into_a_database_that_is_away_nothing_is_restored(file: Path) -> None:
    run("backup", file)
    with inside("away", PORT="1"), pytest.raises(CommandError, match=r"^The database: .*Connection refused"):
        run("restore", file)


def small_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


def test_where_the_file_may_not_grow_nothing_is_left(file: Path) -> None:
    done = finish(start("backup", file, preexec_fn=small_files))
    assert done == (1, "", "CommandError: pg_dump was ended by SIGXFSZ.\n")
    assert list(file.parent.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path, transactional_db: None) -> Iterator[Path]:
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", tmp_path], capture_output=True).returncode:
        pytest.skip("no disk can be made here")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def test_on_a_full_disk_nothing_is_left(small_disk: Path) -> None:
    with pytest.raises(CommandError, match=r"pg_dump \d+ failed: .*No space left on device"):
        run("backup", small_disk / "shop.dump")
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("kept", [3, 2000, -80])
def test_a_backup_that_was_cut_off_is_refused(alice: User, file: Path, empty: str, kept: int) -> None:
    run("backup", file)
    file.write_bytes(file.read_bytes()[:kept])
    with inside(empty):
        with pytest.raises(CommandError, match=r"pg_restore \d+ failed: .*(end of file|too short)"):
            run("restore", file)
        assert connection.introspection.table_names() == []


@pytest.mark.parametrize("place", [3000, -300])
def test_a_backup_with_a_changed_byte_is_refused(file: Path, empty: str, place: int) -> None:
    run("backup", file)
    content = bytearray(file.read_bytes())
    content[place] ^= 0xFF
    file.write_bytes(content)
    with inside(empty):
        with pytest.raises(CommandError, match=r"shop\.dump is damaged: its content is not what was saved\."):
            run("restore", file)
        assert connection.introspection.table_names() == []


@pytest.mark.parametrize("content", [b"hello, this is no backup " * 40, b"CREATE TABLE a (b int);\n" * 40])
def test_garbage_is_refused(file: Path, empty: str, content: bytes) -> None:
    file.write_bytes(content)
    with inside(empty), pytest.raises(CommandError, match=r"failed: input file does not appear to"):
        run("restore", file)


def test_what_is_no_file_is_refused(tmp_path: Path, empty: str) -> None:
    for path in (tmp_path, tmp_path / "nothing"):
        with inside(empty), pytest.raises(CommandError, match=f"There is no file {path}"):
            run("restore", path)


def test_another_programs_backup_is_refused(file: Path, empty: str) -> None:
    with inside(empty):
        sql("CREATE TABLE theirs (id int)")
        find_tools(18).run("pg_dump", "--format=custom", f"--file={file}")
        sql("DROP TABLE theirs")
        with pytest.raises(CommandError, match="it has no ledger"):
            run("restore", file)
        assert connection.introspection.table_names() == []


def test_a_database_that_is_not_empty_is_refused(busy: Shopper, file: Path) -> None:
    run("backup", file)
    before, tables = holdings(), len(connection.introspection.table_names())
    with pytest.raises(CommandError, match=f"is not empty: it has {tables} tables"):
        run("restore", file)
    assert holdings() == before
    assert not SalesStop.objects.exists()


@contextmanager
def restored(file: Path, database: str) -> Iterator[Path]:
    """Inside the restored database; what the block does to it is saved to the file that it is given.

    Afterwards the database is empty again.
    """
    again = file.with_name("again.dump")
    run("backup", file)
    with inside(database):
        run("restore", file)
        yield again
        run("backup", again)
        sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")


def test_breaches_of_restored_books_are_told(alice: User, file: Path, empty: str) -> None:
    with restored(file, empty) as drifted, transaction.atomic():
        unguard()
        Wallet.objects.update(balance_cents=7)
    out = io.StringIO()
    with inside(empty), pytest.raises(SystemExit) as exit_:
        call_command("restore", str(drifted), stdout=out)
    assert exit_.value.code == 1
    assert f"entries sum to the wallet's balance: {alice.pk}: balance less entries: -2493\n" in out.getvalue()


def test_what_is_late_since_the_backup_is_no_breach(busy: Shopper, file: Path, empty: str) -> None:
    late = Order.objects.get(status="WAITING", activation_id__isnull=False)
    with restored(file, empty) as old:
        expire(late.pk, 3600)
    with inside(empty):
        said = run("restore", old)
    assert f"no open order outlives its time: {late.pk}: " in said
    assert "\n1 of these is late since the backup: " in said
    assert said.endswith(f"{len(books.CHECKS)} checks, 0 breaches.\n")


def test_the_rules_about_time_are_rules_of_the_books() -> None:
    assert backups.BY_THE_CLOCK.issubset(check.rule for check in books.CHECKS)


def test_a_backup_of_older_tables_asks_for_the_migration(file: Path, empty: str) -> None:
    with restored(file, empty) as older:
        sql("DELETE FROM django_migrations WHERE app = 'sessions'")
    with inside(empty):
        assert "Migrations: 1 not applied; run manage.py migrate.\n" in run("restore", older)


def test_a_backup_without_a_table_for_the_stop_says_that_nothing_stops_sales(file: Path, empty: str) -> None:
    with restored(file, empty) as older:
        sql(f"DROP TABLE {SalesStop._meta.db_table}")
    with inside(empty), pytest.raises(CommandError, match=r"but sales could not be stopped: .* Start no web server"):
        run("restore", older)


def test_a_backup_whose_books_need_the_migration_first_is_restored_and_stopped(file: Path, empty: str) -> None:
    with restored(file, empty) as older:
        sql("DROP TABLE orders_upstreamloss; DELETE FROM orders_salesstop")
    with inside(empty):
        with pytest.raises(CommandError, match=r"^The books can't be read before manage\.py migrate"):
            run("restore", older)
        assert SalesStop.objects.filter(lifted_at=None).count() == 1


def test_it_is_restored_where_its_roles_do_not_exist(alice: User, file: Path, empty: str) -> None:
    sql("CREATE ROLE shop_elsewhere; GRANT SELECT ON wallet_entry TO shop_elsewhere")
    run("backup", file)
    sql("DROP OWNED BY shop_elsewhere; DROP ROLE shop_elsewhere")
    with inside(empty):
        assert "0 breaches" in run("restore", file)


@pytest.fixture
def landlord(transactional_db: None) -> Iterator[str]:
    """A database role without privileges."""
    sql("CREATE ROLE landlord LOGIN")
    yield "landlord"
    sql("DROP ROLE landlord")


def test_who_owns_the_database_can_restore_it(alice: User, file: Path, landlord: str, empty: str) -> None:
    run("backup", file)
    sql(f"ALTER DATABASE {empty} OWNER TO {landlord}")
    with inside(empty, USER=landlord):
        assert "0 breaches" in run("restore", file)


def test_the_applications_own_role_is_told_whose_work_this_is(file: Path, landlord: str) -> None:
    sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {landlord}")
    refusal = pytest.raises(CommandError, match=r"sequence .* DATABASE_URL of the tables' owner, as migrate\.\)")
    with inside(connection.settings_dict["NAME"], USER=landlord), refusal:
        run("backup", file)
    sql(f"DROP OWNED BY {landlord}")
    assert list(file.parent.iterdir()) == []


def test_without_the_right_to_make_tables_nothing_is_restored(file: Path, landlord: str, empty: str) -> None:
    run("backup", file)
    with inside(empty, USER=landlord):
        with pytest.raises(CommandError, match=r"permission denied .* \(Run it with the DATABASE_URL"):
            run("restore", file)
        assert connection.introspection.table_names() == []


@pytest.fixture
def wrapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a line of shell before the $real programs; it may write to the file $seen, which is returned."""

    def wrap(line: str) -> Path:
        folder, seen = tmp_path / "wrapped", tmp_path / "seen"
        folder.mkdir()
        real = find_tools(18).folder
        for program in ("pg_dump", "pg_restore"):
            (folder / program).write_text(f'#!/bin/sh\nseen={seen} real={real / program}\n{line}\nexec $real "$@"\n')
            (folder / program).chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        return seen

    return wrap


def test_the_password_is_in_no_process_list(file: Path, wrapped: Callable[[str], Path]) -> None:
    seen = wrapped("tr '\\0' ' ' < /proc/$$/cmdline >> $seen; echo \"PGPASSWORD=$PGPASSWORD.\" >> $seen")
    code, printed, complained = finish(start("backup", file))
    assert (code, PASSWORD in printed, complained) == (0, False, "")
    lines = seen.read_text().splitlines()
    assert [line.split()[2] for line in lines] == ["--version", "--format=custom", "--list", "--file=/dev/null"]
    assert [PASSWORD in line.rpartition("PGPASSWORD=")[0] for line in lines] == [False] * 4
    assert [line.endswith(f"PGPASSWORD={PASSWORD}.") for line in lines] == [False, True, True, True]


def test_a_dump_that_lacks_its_end_never_becomes_a_backup(file: Path, wrapped: Callable[[str], Path]) -> None:
    wrapped(
        "for last; do :; done;"
        'case $0$last in *pg_dump--file=*) $real "$@"; truncate -s -300 "${last#--file=}"; exit;; esac'
    )
    with pytest.raises(CommandError, match=r"pg_restore \d+ failed: "):
        run("backup", file)
    assert not file.exists()


def test_a_restore_that_is_killed_leaves_an_empty_database(
    file: Path, empty: str, wrapped: Callable[[str], Path]
) -> None:
    run("backup", file)
    seen = wrapped('case "$*" in *--single-transaction*) echo $$ >> $seen; exec sleep 60;; esac')
    with inside(empty):
        command = start("restore", file)
        wait_for(seen.exists)
        command.kill()
        finish(command)
        wait_for(lambda: not is_running(int(seen.read_text())))
        assert connection.introspection.table_names() == []


@pytest.fixture
def in_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def pretend(folder: Path, version: str) -> None:
    for program in ("pg_dump", "pg_restore"):
        (folder / program).write_text(f"#!/bin/sh\necho '{program} (PostgreSQL) {version}'\n")
        (folder / program).chmod(0o755)


@pytest.mark.parametrize("version", ["18.1 (Debian 18.1-1)", "18beta2", "21.0"])
def test_programs_in_the_path_come_first(in_path: Path, version: str) -> None:
    pretend(in_path, version)
    assert find_tools(18) == tools.Tools(in_path, int(version[:2]))


@pytest.mark.parametrize("version", ["17.9", "nonsense"])
def test_programs_that_do_not_suit_give_way_to_the_embedded_ones(in_path: Path, version: str) -> None:
    pretend(in_path, version)
    found = find_tools(18)
    assert (found.folder.name, found.folder.parent.name, found.major) == ("bin", "pginstall", 18)


@pytest.mark.parametrize("server", [16, 19])
def test_no_suitable_program_names_what_to_install(in_path: Path, server: int) -> None:
    with pytest.raises(backups.BackupError, match=f"on Debian: postgresql-client-{server}"):
        find_tools(server)


def test_without_the_wheel_the_path_decides(in_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "find_spec", lambda _name: None)
    with pytest.raises(backups.BackupError, match="no pg_dump here that suits PostgreSQL 18"):
        find_tools(18)
