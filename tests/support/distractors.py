"""Passages that resemble the retrieval corpus and answer none of its questions.

Built from patterns, always the same: minutes, tickets and release notes, so that the right passage
has to be found among several hundred.
"""

from __future__ import annotations

import random

_TOPICS = [
    ("the canteen renovation", "painters", "new lamps"),
    ("the warehouse move", "forklift drivers", "shelves"),
    ("the spring catalogue", "photographers", "samples"), ("the trade fair", "booth builders", "flyers"),
    ("the intranet search", "developers", "filters"), ("the supplier audit", "inspectors", "checklists"),
    ("the customer survey", "interviewers", "forms"), ("the roof repair", "craftsmen", "scaffolding"),
    ("the summer party", "musicians", "tents"), ("the payroll software", "consultants", "licences"),
    ("the parking garage", "electricians", "barriers"), ("the reception desk", "carpenters", "signs"),
]  # fmt: skip
_THEMES = [
    ("食堂改造", "油漆工", "新灯具"), ("仓库搬迁", "叉车司机", "货架"), ("春季画册", "摄影师", "纸样"),
    ("展会筹备", "搭建商", "宣传单"), ("内网搜索", "开发人员", "筛选器"), ("供应商审核", "检查员", "清单"),
    ("客户调研", "访谈员", "问卷"), ("屋顶维修", "工匠", "脚手架"), ("夏日晚会", "乐队", "帐篷"),
    ("薪资软件", "顾问", "接口"), ("停车场改建", "电工", "道闸"), ("前台装修", "木工", "指示牌"),
]  # fmt: skip
_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September"]
_NAMES = ["Ada", "Bruno", "Chen", "Dilara", "Emil", "Farah", "Goran", "Hanna"]
_FAMILY = ["王", "李", "张", "刘", "陈", "杨", "赵", "黄"]


def make_distractors() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return documents as (name, [(heading, text)])."""
    chance = random.Random(20261124)
    return [
        ("minutes.md", [_minutes(chance, number) for number in range(1, 91)]),
        ("会议纪要.md", [_chinese_minutes(chance, number) for number in range(1, 91)]),
        ("tickets.md", [_ticket(chance, number) for number in range(1, 51)]),
    ]


def _minutes(chance: random.Random, number: int) -> tuple[str, str]:
    topic, people, things = chance.choice(_TOPICS)
    one, two = chance.sample(_NAMES, 2)
    month = chance.choice(_MONTHS)
    text = (
        f"{one} reported on {topic}. The {people} start in {month} and ask for {things}. {two} checks the"
        f" budget of {chance.randint(2, 90) * 100} euros and answers by the {chance.randint(2, 28)}th."
        f" The team agreed to {chance.choice(['postpone', 'continue', 'shorten', 'repeat'])} the"
        f" {chance.choice(['pilot', 'order', 'inspection', 'announcement'])}."
    )
    return f"Minutes {number}", text


def _chinese_minutes(chance: random.Random, number: int) -> tuple[str, str]:
    topic, people, things = chance.choice(_THEMES)
    one, two = chance.sample(_FAMILY, 2)
    text = (
        f"{one}经理汇报{topic}进展，{people}将在{chance.randint(1, 12)}月进场，需要准备{things}。"
        f"{two}经理核对{chance.randint(2, 90)}万元预算，{chance.randint(2, 28)}日前答复。"
        f"会议决定{chance.choice(['推迟', '继续', '缩短', '重做'])}"
        f"{chance.choice(['试点', '采购', '验收', '通知'])}工作。"
    )
    return f"第{number}次例会", text


def _ticket(chance: random.Random, number: int) -> tuple[str, str]:
    topic, people, things = chance.choice(_TOPICS)
    text = (
        f"{chance.choice(_NAMES)} asks who orders {things} for {topic}. Forwarded to the {people}."
        f" Closed after {chance.randint(1, 40)} days."
    )
    return f"Ticket {4000 + number}", text
