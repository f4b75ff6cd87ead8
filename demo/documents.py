"""Knowledge files of the demo: short, made-up, good enough to quote."""

from __future__ import annotations

from pathlib import Path

# A GPT's own document has its key as its name. The texts are short: reading them is a part of the first start.
FOLDER = Path(__file__).parent / "knowledge"


def list_own_documents(key: str) -> tuple[tuple[str, str], ...]:
    """Return the document of a GPT as (name, Markdown), none if it has none. Its name is its title."""
    file = FOLDER / f"{key}.md"
    if not file.is_file():
        return ()
    text = file.read_text(encoding="utf-8")
    title = text.split("\n", 1)[0].removeprefix("# ").strip()
    return ((f"{title}.md", text),)


RAIL_HANDBOOK = """# Slow Rail handbook

## Reservations
High-speed trains in Spain, France and Italy need a seat reservation, also with a pass. In Germany, Austria,
Switzerland and the Netherlands most day trains can be boarded without one. Reservations for holidays open
between two and six months ahead; the date differs from railway to railway.

## Night trains
A couchette compartment has four or six bunks and a shared washroom. A sleeper has one to three beds and a basin,
sometimes a shower. Women may ask for a compartment among women. Night trains are not part of most passes: a
supplement is due for the bed.

## Bicycles
Folded bicycles in a bag count as luggage everywhere. Whole bicycles need a ticket and, on night trains, a
reservation for one of few places; book those first and the bed second.

## Changes
Allow 25 minutes for a change within one station and 60 minutes between two stations of one city. With one
through ticket the railway must take you on by the next train when you miss a connection; with separate tickets it
need not.

## Passes
A pass pays when you ride on four or more days or decide late. Add reservations when you compare prices: they are
never included.
"""

STAFF_HANDBOOK = """# Handbook for new colleagues

## 1 Leave
You have 27 days of leave a year. Ask for up to three days by message to your team lead, for more in the leave
calendar at least two weeks ahead. Leave that is left at the end of March is lost unless work kept you from it.

## 2 Remote work
Two days a week may be worked from elsewhere in the same country after the first month. Working from another
country needs the agreement of the people team because of insurance and tax; ask four weeks ahead.

## 3 Expenses
Expenses up to 50 are approved by the team lead, above that by finance. Send the receipt within 30 days. Trains are
second class; flights need a reason why a train does not do.

## 4 Illness
Tell your team lead before nine o'clock. From the third day on a doctor's note is needed.

## 5 Equipment
A laptop is ready on the first day. A screen and a chair for home can be borrowed; they are listed with your name.
"""

PRIVACY_GUIDE = """# Guide to rights over personal data

## Access
You may ask any organisation whether it holds data about you and get a copy. It has one month to answer, three if
the case is difficult, and must say so within the first.

## Correction and erasure
Wrong data must be corrected. Data must be erased when it is no longer needed, when you withdraw consent on which
it rested, or when you object and no stronger reason stands against it.

## Objection
You may always object to direct marketing; then it must end. Against other uses that rest on a legitimate interest
you object with a reason from your own situation.

## Transfer
Data that you gave yourself, and that are processed by machine on consent or contract, you may take along in a
common format.

## Complaint
If the answer does not come or does not satisfy you, the supervisory authority of your country takes complaints
free of charge.
"""

TEA_GUIDE = """# 茶叶冲泡手册

## 水温
绿茶用八十至八十五度的水，久泡会发苦。乌龙茶用九十五度，红茶与熟普洱用沸水。没有温度计时，水开后敞盖静置：两分钟约降到九十度，
五分钟约降到八十度。

## 投茶量
一百毫升水配三克绿茶，五克乌龙茶，四克红茶。用盖碗时投茶可多，出汤要快；用大杯时投茶减半，时间放长。

## 出汤时间
绿茶第一泡四十秒，之后每泡加十五秒。乌龙茶前三泡十秒出汤，之后逐泡加五秒。熟普洱第一泡洗茶，五秒倒掉。

## 储存
绿茶密封后冷藏，半年内饮完。白茶与普洱放在干燥、避光、无异味处，可以存放多年。茶叶最怕潮、光、热和异味。
"""

LABOUR_GUIDE = """# 劳动合同常识

## 试用期
合同期限三个月以上不满一年的，试用期不得超过一个月；一年以上不满三年的，不得超过两个月；三年以上的，不得超过六个月。
同一单位与同一劳动者只能约定一次试用期。

## 加班
安排加班应当支付高于正常工作时间的工资：工作日不低于百分之一百五十，休息日又不能补休的不低于百分之二百，法定节假日不低于百分之三百。

## 解除
劳动者提前三十日以书面形式通知可以解除合同，试用期内提前三日通知。单位未足额支付工资的，劳动者可以立即解除并要求经济补偿。

## 证据
保留合同、工资条、考勤记录和工作聊天记录。仲裁的时效一般为一年，从知道或者应当知道权利被侵害之日起计算。
"""
