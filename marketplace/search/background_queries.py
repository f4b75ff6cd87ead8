"""Searches for ordinary things, from which the store knows how near to any search a listing is.

In the built-in model's space texts of one language are nearer to each other than to those of another, and
some listings are near to everything. A part of the mean of these searches is subtracted from each search,
which takes most of both away. They were written without the demo's GPTs. A change needs no new vectors.
"""

from __future__ import annotations

ENGLISH = """
lose weight
stock market
wedding speech for my brother
guitar chords
physics homework
design a logo
how do i train my dog
fantasy football
summarise a video
translate to german
horoscope
workout plan
marketing ideas for a small shop
learn to draw
job interview
what should i read next
logic puzzles
help me with my startup
baby sleep
write a poem about the sea
buy a used car
software architecture
history of rome
how to meditate
social media posts
gift ideas
tax return
python script to rename files
crossword
how do i become more confident
chemistry
find a movie for tonight
legal advice
customer support replies
symptoms of a cold
make a presentation
who was napoleon
house cleaning tips
photo editing
organise a birthday party
improve my grammar
music theory
chess openings
skin care
weather and climate
sell on the internet
can you explain this in simple words?
i feel stressed and want to talk
what are the pros and cons?
help me decide
i want to build a website
which phone should i buy
create flashcards
geography quiz
how does the brain work
sports news
negotiating with suppliers
knitting patterns
bedtime story for children
robotics
"""

CHINESE = """
减肥
股票行情
给弟弟写婚礼致辞
吉他和弦
物理作业
设计标志
怎么训练小狗
足球比赛
总结一段视频
翻译成德语
星座运势
健身计划
小店的营销点子
学画画
求职面试
接下来读什么书
逻辑谜题
帮我创业
宝宝睡觉
写一首关于大海的诗
买二手车
软件架构
罗马历史
怎么冥想
朋友圈文案
送礼物
报税
批量改文件名的脚本
填字游戏
怎么变得更自信
化学
今晚看什么电影
法律咨询
客服回复
感冒症状
做演示文稿
拿破仑是谁
打扫房间的窍门
修图
办生日聚会
改语病
乐理
象棋开局
护肤
天气和气候
网上卖东西
能用简单的话解释一下吗？
我压力很大，想聊聊
有什么优缺点？
帮我做决定
我想做一个网站
买哪个手机好
制作单词卡
地理问答
大脑是怎么工作的
体育新闻
和供应商谈判
编织图样
给孩子讲睡前故事
机器人
"""


def list_background_queries(text: str) -> list[str]:
    return text.strip().splitlines()
