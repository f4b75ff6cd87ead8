"""The people of the demo. Those with a role can sign in with the password below; the crowd cannot."""

from __future__ import annotations

from dataclasses import dataclass

PASSWORD = "loggia-demo"  # noqa: S105 - public by design, printed by the command


@dataclass(frozen=True)
class DemoPerson:
    """One account. ``staff`` are roles for the instance; ``handle`` makes a builder profile."""

    key: str
    email: str
    display_name: str
    staff: tuple[str, ...] = ()
    language: str = "en"
    handle: str = ""
    bio: str = ""
    website: str = ""
    is_verified: bool = False


PEOPLE: tuple[DemoPerson, ...] = (
    DemoPerson("visitor", "visitor@demo.test", "Vera Visitor"),
    DemoPerson(
        "creator",
        "creator@demo.test",
        "Clara Creator",
        handle="clara",
        is_verified=True,
        bio="Makes small, honest assistants that say what they do not know.",
        website="https://clara.example",
    ),
    DemoPerson("acme_member", "member@acme.test", "Max Member"),
    DemoPerson("acme_newcomer", "newcomer@acme.test", "Nora Newcomer"),
    DemoPerson("acme_builder", "builder@acme.test", "Bea Builder"),
    DemoPerson("acme_admin", "admin@acme.test", "Ada Admin"),
    DemoPerson("acme_counsel", "legal@acme.test", "Leo Legal"),
    DemoPerson("globex_admin", "admin@globex.test", "Gus Globex"),
    DemoPerson("moderator", "moderator@demo.test", "Mona Moderator", staff=("moderator",)),
    DemoPerson("moderator2", "moderator2@demo.test", "Miles Moderator", staff=("moderator",)),
    DemoPerson("finance", "finance@demo.test", "Fiona Finance", staff=("finance",)),
    DemoPerson("finance2", "finance2@demo.test", "Felix Finance", staff=("finance",)),
    DemoPerson("operator", "operator@demo.test", "Otto Operator", staff=("operator",)),
    DemoPerson(
        "jonas",
        "jonas@demo.test",
        "Jonas Weber",
        handle="jonasw",
        is_verified=True,
        bio="Data engineer. Likes plans, the query kind and the other kind.",
        website="https://weber.example",
    ),
    DemoPerson(
        "amara",
        "amara@demo.test",
        "Amara Okafor",
        handle="amara",
        is_verified=True,
        bio="Teacher and playwright. Builds things that ask before they answer.",
    ),
    DemoPerson(
        "priya", "priya@demo.test", "Priya Nair", handle="priya", bio="Runs fewer and better meetings."
    ),
    DemoPerson(
        "tomas", "tomas@demo.test", "Tomás Silva", handle="tomas", bio="Repairs, grows and walks. Porto."
    ),
    DemoPerson(
        "mei",
        "mei@demo.test",
        "林美",
        language="zh-hans",
        handle="linmei",
        is_verified=True,
        bio="读书、喝茶、做研究。",
        website="https://linmei.example",
    ),
    DemoPerson(
        "lin",
        "lin@demo.test",
        "陈琳",
        language="zh-hans",
        handle="chenlin",
        is_verified=True,
        bio="中学老师，相信慢一点更快。",
    ),
    DemoPerson(
        "chen",
        "chen@demo.test",
        "周晨",
        language="zh-hans",
        handle="zhouchen",
        bio="把办公室里的麻烦事变简单。",
    ),
    DemoPerson(
        "wei", "wei@demo.test", "王伟", language="zh-hans", handle="laowang", bio="写了二十年代码，还在学。"
    ),
)

CROWD_NAMES: tuple[str, ...] = (
    "Alma",
    "Ben",
    "Carla",
    "Dmitri",
    "Elif",
    "Farid",
    "Greta",
    "Hugo",
    "Ines",
    "Jakub",
    "Keiko",
    "Liam",
    "Marta",
    "Nils",
    "Olga",
    "Pablo",
    "Quinn",
    "Rosa",
    "Sven",
    "Tara",
    "Umar",
    "Viola",
    "Wanda",
    "Xenia",
    "Yusuf",
    "Zoe",
    "安然",
    "白露",
    "程远",
    "丁宁",
    "方圆",
    "高山",
    "何欢",
    "江南",
    "柯岩",
    "刘洋",
    "马丽",
    "倪妮",
    "潘安",
    "秦川",
)
