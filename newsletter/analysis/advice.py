"""Advice that would fit any change is no advice: pure.

Measured on 687 published reports: 83 % of the advice said "update the docs".
"""

from __future__ import annotations

import re

_GENERIC = re.compile(
    r"(?:please |consider |be sure to |make sure to |remember to |you should |maintainers should )?"
    r"(?:(?:also )?(?:add|adding|write|writing|extend|extending|include|including|increase|improve|expand|ensure|run"
    r"|running|create|update|updating|provide|have)\b[^.`]{0,60}\b(?:unit|integration|regression|more|additional|the|new"
    r"|adequate|sufficient|test|automated|existing|related)?\s?(?:tests?|test suite|test cases?|coverage)\b"
    r"|(?:also )?(?:add|adding|update|updating|review|reviewing|revise|improve|extend|write|check|ensure|keep|document"
    r"|documenting|refresh)\b[^.`]{0,60}\b(?:docs?|documentation|readme|changelog|release notes|comments|change log)\b"
    r"|(?:review|test|monitor|verify|check|evaluate) (?:the |this |these |all )?(?:changes?|code|commit|update"
    r"|implementation|behaviou?r)(?: (?:carefully|thoroughly|in (?:a )?staging|before (?:merging|deploying)))?\W*$"
    r"|document (?:this|the|these) (?:change|new|update)\w*)",
    re.IGNORECASE,
)
_GENERIC_CHINESE = re.compile(
    r"^(?:请|建议|应|应该|需要|可以|考虑|最好|务必|记得)*(?:及时|同步|相应|进一步|尽快|也)*"
    r"(?:(?:添加|增加|补充|编写|完善|更新|扩展|运行|进行|确保)[^。`]{0,16}(?:测试|用例|覆盖率|文档|注释|说明|变更日志|更新日志|README)"
    r"|(?:仔细)?(?:审查|检查|查看|验证|测试)(?:这些|此|该|本次|相关)?(?:的)?(?:更改|变更|改动|代码|提交))",
    re.IGNORECASE,
)
#: Inline code names something of this change; whoever says what to test or describe has said something.
_SPECIFIC = re.compile(r"`[^`]{2,}`")


def is_specific(text: str) -> bool:
    """Whether advice says more than to add tests, to update the docs, or to have a look."""
    if _SPECIFIC.search(text):
        return True
    return not (_GENERIC.match(text) or _GENERIC_CHINESE.match(text))
