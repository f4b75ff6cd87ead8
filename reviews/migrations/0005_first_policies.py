"""The first wording of every policy, in both languages, and the names that are reserved from the start.

A changed text is a new PolicyVersion in a new migration.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.db import migrations

EFFECTIVE_FROM = datetime(2026, 1, 1, tzinfo=UTC)
_HARSH = ("request_changes", "reject", "warn", "delist", "quarantine", "suspend_builder")
_FIRM = ("request_changes", "reject", "warn", "delist", "quarantine")
_MILD = ("request_changes", "reject", "warn", "delist")


@dataclass(frozen=True)
class PolicyText:
    """``dsa_category`` is a category of statements in the EU's transparency database."""

    code: str
    severity: int
    dsa_category: str
    allowed_outcomes: tuple[str, ...]
    title_en: str
    title_zh: str
    text_en: str
    text_zh: str


POLICIES = (
    PolicyText(
        "child-safety", 5, "STATEMENT_CATEGORY_PROTECTION_OF_MINORS", _HARSH,
        "Child safety", "儿童安全",
        "Nothing that sexualises children, grooms them or helps anybody to harm them. There are no"
        " exceptions.",
        "不得出现任何性化儿童、诱骗儿童或协助他人伤害儿童的内容。没有例外。",
    ),
    PolicyText(
        "imminent-harm", 5, "STATEMENT_CATEGORY_RISK_FOR_PUBLIC_SECURITY", _HARSH,
        "Danger to life", "危及生命",
        "A GPT must not encourage or instruct violence, self-harm, weapons that kill many or any"
        " other act that"
        " puts lives in danger.",
        "GPT 不得鼓励或指导暴力、自残、大规模杀伤性武器或其他危及生命的行为。",
    ),
    PolicyText(
        "illegal-content", 5, "STATEMENT_CATEGORY_UNSAFE_AND_ILLEGAL_PRODUCTS", _HARSH,
        "Illegal goods and acts", "违法商品与行为",
        "A GPT must not sell, arrange or explain how to commit what the law forbids.",
        "GPT 不得出售、安排或讲解法律所禁止的事物。",
    ),
    PolicyText(
        "malware-phishing", 5, "STATEMENT_CATEGORY_SCAMS_AND_FRAUD", _HARSH,
        "Malware, phishing and theft of data", "恶意软件、钓鱼与窃取数据",
        "A GPT must not ask for passwords, keys or payment details, send a person's data where the"
        " person did not"
        " agree to, or help to break into systems.",
        "GPT 不得索取密码、密钥或支付信息，不得将用户数据发送到用户未同意的地方，也不得协助入侵系统。",
    ),
    PolicyText(
        "hate-harassment", 4, "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH", _HARSH,
        "Hate and harassment", "仇恨与骚扰",
        "No attacks on people for who they are, and no help to threaten, shame or pursue a person.",
        "不得因他人的身份而攻击他人，也不得协助威胁、羞辱或跟踪任何人。",
    ),
    PolicyText(
        "sexual-content", 4, "STATEMENT_CATEGORY_PORNOGRAPHY_OR_SEXUALIZED_CONTENT", _FIRM,
        "Sexual content", "性内容",
        "The public store has no sexually explicit GPTs. Health, education and literature are welcome.",
        "公开商店不收录露骨的色情 GPT。健康、教育与文学类内容不受此限。",
    ),
    PolicyText(
        "impersonation", 4, "STATEMENT_CATEGORY_SCAMS_AND_FRAUD", _FIRM,
        "Impersonation", "冒充他人",
        "A name, icon or text must not make people believe that somebody else made or backs the"
        " GPT. Look-alike"
        " letters count.",
        "名称、图标或文字不得让人误以为该 GPT 由他人制作或得到他人支持。使用形近字符同样违规。",
    ),
    PolicyText(
        "privacy", 4, "STATEMENT_CATEGORY_DATA_PROTECTION_AND_PRIVACY_VIOLATIONS", _FIRM,
        "Privacy", "隐私",
        "Collect only what the task needs, say so in the description, and reveal nobody's private life.",
        "只收集任务所需的信息，并在描述中说明；不得泄露任何人的隐私。",
    ),
    PolicyText(
        "intellectual-property", 3, "STATEMENT_CATEGORY_INTELLECTUAL_PROPERTY_INFRINGEMENTS", _FIRM,
        "Other people's work", "他人作品",
        "Use names, texts, images and files only with the right to do so. A copy of somebody else's"
        " GPT is not"
        " listed.",
        "仅在拥有权利时使用名称、文字、图片与文件。照搬他人 GPT 的作品不予收录。",
    ),
    PolicyText(
        "misleading", 3, "STATEMENT_CATEGORY_SCAMS_AND_FRAUD", _FIRM,
        "Misleading", "误导",
        "The listing must say what the GPT really does. No invented credentials, results, prices or"
        " endorsements.",
        "商店页面必须如实说明 GPT 的功能。不得虚构资质、效果、价格或背书。",
    ),
    PolicyText(
        "hidden-behaviour", 4, "STATEMENT_CATEGORY_SCAMS_AND_FRAUD", _FIRM,
        "Hidden behaviour", "隐藏行为",
        "Instructions must be readable. Invisible characters, encoded passages and orders to deceive people,"
        " reviewers or other systems are not allowed.",
        "指令必须可读。不得使用不可见字符、编码段落，也不得指示欺骗用户、审核人员或其他系统。",
    ),
    PolicyText(
        "exposed-secrets", 2, "STATEMENT_CATEGORY_SCOPE_OF_PLATFORM_SERVICE", _MILD,
        "Exposed secrets", "泄露的密钥",
        "Instructions can be read by anybody who asks cleverly. Take keys, passwords and personal"
        " data out of them.",
        "任何人都可能设法读出指令。请移除其中的密钥、密码与个人数据。",
    ),
    PolicyText(
        "spam", 2, "STATEMENT_CATEGORY_SCOPE_OF_PLATFORM_SERVICE", _MILD,
        "Spam", "垃圾内容",
        "One good GPT instead of many near-identical ones; no lists of search words, no advertising"
        " as content.",
        "宁要一个好用的 GPT，不要大量近似的重复；不得堆砌关键词，也不得以广告充当内容。",
    ),
    PolicyText(
        "quality", 1, "STATEMENT_CATEGORY_SCOPE_OF_PLATFORM_SERVICE", ("request_changes", "reject", "delist"),
        "Ready for others", "可供他人使用",
        "A listing has a clear name, a description that says what it does, starters that work and"
        " instructions"
        " that make a difference.",
        "商店页面应有清晰的名称、说明用途的描述、可用的开场问题，以及真正起作用的指令。",
    ),
)  # fmt: skip

RESERVED_MARKS = (
    "OpenAI", "ChatGPT", "Google", "Microsoft", "Facebook", "Instagram", "WhatsApp", "YouTube", "Netflix",
    "Spotify", "GitHub", "PayPal", "Mastercard", "Coinbase", "Binance", "Loggia", "WeChat", "Alipay",
    "微信", "支付宝", "淘宝", "腾讯", "阿里巴巴", "百度", "抖音",
)  # fmt: skip


def add_policies(apps: Any, schema_editor: Any) -> None:
    policy_model = apps.get_model("reviews", "Policy")
    version_model = apps.get_model("reviews", "PolicyVersion")
    for position, text in enumerate(POLICIES):
        policy = policy_model.objects.create(
            code=text.code, dsa_category=text.dsa_category, position=position
        )
        version_model.objects.create(
            policy=policy,
            number=1,
            title_en=text.title_en,
            title_zh=text.title_zh,
            text_en=text.text_en,
            text_zh=text.text_zh,
            severity=text.severity,
            allowed_outcomes=list(text.allowed_outcomes),
            effective_from=EFFECTIVE_FROM,
        )
    name_model = apps.get_model("reviews", "ProtectedName")
    name_model.objects.bulk_create([name_model(name=name) for name in RESERVED_MARKS])


class Migration(migrations.Migration):
    dependencies: ClassVar = [("reviews", "0004_append_only")]

    operations: ClassVar = [
        # Its reverse is the removal of the tables, as policies are never deleted.
        migrations.RunPython(add_policies, migrations.RunPython.noop),
    ]
