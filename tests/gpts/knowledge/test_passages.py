"""The right passage is found for English, Chinese, mixed and misspelled questions."""

from __future__ import annotations

import pytest

from gpts.assistants.models import GPT
from gpts.knowledge.retrieval import find_passages
from gpts.knowledge.services.files import add_knowledge_file
from tests.support.factories.gpts import GPTFactory
from tests.support.times import NOW
from tests.support.uploads import make_upload

pytestmark = pytest.mark.django_db

ENGLISH = """# Returns
You can return a bicycle within 30 days if it has no scratches.

# Refunds
The refund arrives on your card five working days after the workshop has checked the bicycle.

# Opening hours
The shop opens from Tuesday to Saturday, nine to six. The workshop closes at four.

# Warranty
The frame has a warranty of ten years, the brakes of two years. Chains and tyres wear out and have none.

# Delivery
We deliver assembled bicycles to your door within the city. Other places receive a box to assemble.

# Insurance
Theft insurance costs eight euros a month and starts on the day after you sign.
"""

CHINESE = """# 退货政策
自行车在三十天内没有划痕可以退货，请保留发票。

# 退款时间
车间检查之后五个工作日，退款会回到您的银行卡。

# 营业时间
本店周二到周六上午九点开门，下午六点关门。

# 保修
车架保修十年，刹车保修两年，链条和轮胎属于消耗品，不在保修范围。

# 送货
市内送货上门，外地用纸箱发货，需要自己组装。API 密钥在设置页面里生成。
"""

CASES = [
    ("How long do I have to send a bicycle back?", "Returns"),
    ("when will I get my refund", "Refunds"),
    ("Are you open on Saturdays?", "Opening hours"),
    ("warranties of brakes", "Warranty"),
    ("Do you deliver assembled bikes?", "Delivery"),
    ("price of insurance against theft", "Insurance"),
    ("waranty for the frame", "Warranty"),
    ("insurence monthly cost", "Insurance"),
    ("多久可以退货？", "退货政策"),
    ("退款几天到账", "退款时间"),
    ("你们周六营业到几点关门", "营业时间"),
    ("刹车的保修期是多久", "保修"),
    ("可以送货上门吗", "送货"),
    ("API 密钥在哪里生成", "送货"),
]


@pytest.fixture
def shop() -> GPT:
    gpt = GPTFactory.create()
    add_knowledge_file(gpt=gpt, upload=make_upload("shop.md", ENGLISH), by=gpt.owner, at=NOW)
    add_knowledge_file(gpt=gpt, upload=make_upload("商店.md", CHINESE), by=gpt.owner, at=NOW)
    return gpt


def test_the_right_passage_comes_first(shop: GPT) -> None:
    missed = []
    for question, heading in CASES:
        found = find_passages(shop, question)
        if not found or found[0].heading != heading:
            missed.append((question, heading, [(f.heading, f.score) for f in found]))

    assert missed == []


@pytest.mark.parametrize(
    "question",
    [
        "Who won the football match yesterday?",
        "今天天气怎么样",
        "的了吗",
        "the of and",
        "",
        "?!",
        "'\\ | & ! :*",
    ],
)
def test_an_unrelated_question_finds_nothing(shop: GPT, question: str) -> None:
    assert find_passages(shop, question) == []


def test_query_syntax_and_sql_in_a_question_are_plain_words(shop: GPT) -> None:
    found = find_passages(shop, "refund'; DROP TABLE gpts_passage; -- \\' | !refund:* <-> warranty")

    assert {passage.heading for passage in found} >= {"Refunds"}


def test_a_very_long_question_is_accepted(shop: GPT) -> None:
    assert find_passages(shop, "refund " + "filler words everywhere " * 100_000) is not None


def test_a_found_passage_has_file_heading_and_score(shop: GPT) -> None:
    found = find_passages(shop, "theft insurance", limit=1)

    assert len(found) == 1
    assert (found[0].file, found[0].heading, found[0].page) == ("shop.md", "Insurance", None)
    assert found[0].text.startswith("Theft insurance costs")
    assert 0 < found[0].score <= 1


def test_knowledge_of_another_gpt_is_not_found(shop: GPT) -> None:
    assert find_passages(GPTFactory.create(), "theft insurance") == []
