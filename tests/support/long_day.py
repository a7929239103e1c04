"""A day as long as real ones: sixty changes, with the titles, paths and names that break mails."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.analysis.record import Analysis, Kind, Reason, Signal, Source
from subscribers import Level

REPOSITORIES = (
    "tidal-inference/harbour",
    "acme/tide",
    "an-organisation-with-a-rather-long-name/and-a-repository-whose-name-does-not-stop-either-kernels",
)
_LONG_PATH = "python/harbour/srt/layers/attention/flashinfer/backends/hopper/" + "very_long_directory_name/" * 4
_UNBROKEN = "RadixCacheEvictionPolicyConfigurationFactoryProviderRegistration" * 3

_HIGH = (
    ("[Breaking] Remove `--enable-legacy-scheduler` and everything behind it (#10412)", Kind.BREAKING),
    (f"Fix crash in {_UNBROKEN} when nothing is cached (#10431)", Kind.FIX),
    ("fix(安全): 修复请求头解析中的越界读取，攻击者可以由此读到其他请求的内容 (#10433)", Kind.SECURITY),
    (f"Move {_LONG_PATH}decode_attention_with_paged_key_value_cache_fp8.py (#10440)", Kind.BREAKING),
    ('🚨 Revert "Speculative decoding: share the draft model\'s KV cache" (#10399) 👩‍🚀🏴‍☠️ (#10444)', Kind.REVERT),
    ("إصلاح فقدان البيانات عند إعادة التشغيل (#10450)", Kind.FIX),
)
_MEDIUM = (
    ("Add `min_p` sampling to the OpenAI-compatible endpoint (#10401)", Kind.FEATURE),
    ("perf: fuse RoPE and the KV write, −14 % latency at batch size 1 on H200 (#10407)", Kind.PERFORMANCE),
    ("支持 Qwen3-Next 的混合注意力，并在 8 卡上验证精度 (#10409)", Kind.FEATURE),
    ("feat(router): health checks, circuit breakers and a retry budget for every worker (#10415)", Kind.FEATURE),
    ("🎉 Support `DeepSeek-V3.2-Exp-Base-Instruct-FP8-Dynamic-W8A8-KV8-Sparse-Attention` (#10420)", Kind.FEATURE),
    ("תיקון: זליגת זיכרון בעת ביטול בקשות (#10422)", Kind.FIX),
    ("Bump sgl-kernel from 0.3.11 to 0.3.12 (#10424)", Kind.DEPENDENCIES),
)
_LOW = (
    ("docs: say which CUDA versions are tested (#10402)", Kind.DOCS),
    ("[CI] Pin the runner image, https://ci.example/" + "a1b2c3d4e5f60718/" * 7 + "log.txt (#10403)", Kind.CI),
    ("test: cover prefix caching with LoRA adapters (#10404)", Kind.TEST),
    ("修正文档中的错别字 (#10405)", Kind.DOCS),
    ("Refactor scheduler output processing into a mixin (#10406)", Kind.REFACTOR),
    ("chore", Kind.CHORE),
    ("style: sort the imports 🧹 (#10408)", Kind.STYLE),
    ("עדכון התיעוד (#10411)", Kind.DOCS),
)
_AUTHORS = (
    "Ada Lovelace",
    "潮位观测站",
    "محمد بن موسى الخوارزمي",
    "🦀 ferris",
    "a-login-that-was-typed-by-somebody-who-likes-hyphens[bot]",
    "עדה לוולייס",
    "Đặng Thị Hồng Ngọc",
)
_SUMMARIES = {
    "en": (
        "Removes the flag `--enable-legacy-scheduler` and the scheduler behind it; servers that still set it do not "
        "start any more.",
        "Requests that are cancelled while they wait no longer keep their pages of the cache.",
        f"Moves the kernel to `{_LONG_PATH}`; imports of the old module fail.",
    ),
    "zh": (
        "移除 `--enable-legacy-scheduler` 参数及其背后的调度器；仍然设置该参数的服务将无法启动。",
        "等待中被取消的请求不再占用缓存页。",
        f"将内核移动到 `{_LONG_PATH}`；导入旧模块会失败。",
    ),
}
_RISKS = {
    "en": ("Start scripts that pass `--enable-legacy-scheduler` fail.", f"Code that imports `{_UNBROKEN}` breaks."),
    "zh": ("传递 `--enable-legacy-scheduler` 的启动脚本会失败。", f"导入 `{_UNBROKEN}` 的代码会出错。"),
}
_ADVICE = {
    "en": ("Remove the flag before you update.",),
    "zh": ("更新之前请先移除该参数。",),
}
_AREAS = ("scheduler", "python/harbour/srt/managers", _LONG_PATH.rstrip("/"), "文档", "sgl-kernel")


@dataclass(frozen=True, kw_only=True)
class Story:
    """One change of the long day."""

    repository: str
    message: str
    author: str
    #: In English and in Chinese.
    analyses: tuple[Analysis, ...]


def long_day() -> tuple[Story, ...]:
    """Return sixty changes: eight high, twenty medium and thirty-two low ones."""
    plan = [
        *(_HIGH[number % len(_HIGH)] + (Level.HIGH,) for number in range(8)),
        *(_MEDIUM[number % len(_MEDIUM)] + (Level.MEDIUM,) for number in range(20)),
        *(_LOW[number % len(_LOW)] + (Level.LOW,) for number in range(32)),
    ]
    return tuple(
        Story(
            # Most of a day happens in one repository.
            repository=REPOSITORIES[max(0, number % 5 - 2)],
            message=f"{title}\n\nThe body is not in the mail.",
            author=_AUTHORS[number % len(_AUTHORS)],
            analyses=tuple(_analysis(number, language, level, kind) for language in ("en", "zh")),
        )
        for number, (title, kind, level) in enumerate(plan)
    )


def _analysis(number: int, language: str, level: Level, kind: Kind) -> Analysis:
    high = level is Level.HIGH
    return Analysis(
        language=language,
        level=level,
        kind=kind,
        summary=_SUMMARIES[language][number % 3],
        areas=_AREAS[: 1 + number % len(_AREAS)],
        reasons=(
            Reason(signal=Signal.REMOVAL, detail="`--enable-legacy-scheduler`"),
            Reason(signal=Signal.MIGRATION, detail=_LONG_PATH),
        ),
        risks=_RISKS[language] if high else (),
        advice=_ADVICE[language] if high else (),
        files_read=30 + number,
        files_total=412,
        source=Source.MODEL if number % 2 else Source.RULES,
        model="tidal/harbour-72b-instruct" if number % 2 else None,
    )
