"""Minimum versions and own versions, in the manifests of many package managers."""

from __future__ import annotations

import pytest

from newsletter.analysis.diffs import read_diffs
from newsletter.analysis.manifests import own_version, raised_minimum
from tests.unit.analysis.changes import file


@pytest.mark.parametrize(
    ("path", "before", "after", "raised"),
    [
        pytest.param(
            "pyproject.toml", 'requires-python = ">=3.9"', 'requires-python = ">=3.11"', "Python 3.11", id="PEP 621"
        ),
        pytest.param("pyproject.toml", 'python = "^3.8"', 'python = "^3.9"', "Python 3.9", id="Poetry"),
        pytest.param("setup.py", 'python_requires=">=3.6",', 'python_requires=">=3.7",', "Python 3.7", id="setuptools"),
        pytest.param("package.json", '    "node": ">=14"', '    "node": ">= 18"', "Node.js 18", id="npm engines"),
        pytest.param("go.mod", "go 1.20", "go 1.21", "Go 1.21", id="Go modules"),
        pytest.param("Cargo.toml", 'rust-version = "1.60"', 'rust-version = "1.70"', "Rust 1.70", id="Cargo"),
        pytest.param(
            "a/b.csproj",
            "<TargetFramework>net6.0</TargetFramework>",
            "<TargetFramework>net8.0</TargetFramework>",
            ".NET 8.0",
            id=".NET",
        ),
        pytest.param("composer.json", '"php": ">=7.4",', '"php": "^8.1",', "PHP 8.1", id="Composer"),
        pytest.param(
            "x.gemspec",
            "s.required_ruby_version = '>= 2.5'",
            "s.required_ruby_version = Gem::Requirement.new('>= 3.0')",
            "Ruby 3.0",
            id="RubyGems",
        ),
        pytest.param("build.gradle", "minSdkVersion 19", "minSdkVersion 21", "Java or Android 21", id="Android"),
        pytest.param(
            "build.gradle.kts",
            "sourceCompatibility = JavaVersion.VERSION_1_8",
            "sourceCompatibility = JavaVersion.VERSION_11",
            "Java or Android 11",
            id="Gradle",
        ),
        pytest.param(
            "pom.xml",
            "<maven.compiler.source>8</maven.compiler.source>",
            "<maven.compiler.source>11</maven.compiler.source>",
            "Java 11",
            id="Maven",
        ),
        pytest.param(
            "CMakeLists.txt",
            "cmake_minimum_required(VERSION 3.1)",
            "cmake_minimum_required(VERSION 3.8...3.26)",
            "CMake 3.8",
            id="CMake",
        ),
        pytest.param("mix.exs", 'elixir: "~> 1.11",', 'elixir: "~> 1.14",', "Elixir 1.14", id="Mix"),
        pytest.param(
            "Package.swift", "// swift-tools-version:5.3", "// swift-tools-version:5.7", "Swift 5.7", id="Swift"
        ),
        pytest.param("pubspec.yaml", "  sdk: '>=2.12.0 <3.0.0'", "  sdk: '>=3.0.0 <4.0.0'", "Dart 3.0.0", id="Dart"),
        pytest.param(
            "setup.py",
            '"Programming Language :: Python :: 3.6",',
            "x",
            "Python newer than 3.6",
            id="classifier that goes",
        ),
        pytest.param("pyproject.toml", 'requires-python = ">=3.11"', 'requires-python = ">=3.9"', "", id="lowered"),
        pytest.param("pyproject.toml", 'requires-python = ">=3.9"', "requires-python = '>=3.9'", "", id="the same"),
        pytest.param("go.mod", "require example/x v1.2.0", "require example/x v2.0.0", "", id="a dependency"),
        pytest.param("Dockerfile", "FROM python:3.9", "FROM python:3.11", "", id="what an image is built from"),
        pytest.param("docs/a.md", "go 1.20", "go 1.21", "", id="prose"),
    ],
)
def test_a_raised_minimum_is_read_from_the_manifest(path: str, before: str, after: str, raised: str) -> None:
    assert raised_minimum(read_diffs([file(path, f"-{before}", f"+{after}")])) == raised


@pytest.mark.parametrize(
    ("path", "before", "after", "version"),
    [
        pytest.param("rocket/__init__.py", '__version__ = "1.0"', '__version__ = "1.1"', "1.1", id="Python"),
        pytest.param("pyproject.toml", 'version = "1.0.0"', 'version = "1.1.0"', "1.1.0", id="pyproject"),
        pytest.param("package.json", '  "version": "1.0.0",', '  "version": "1.1.0-rc.1",', "1.1.0-rc.1", id="npm"),
        pytest.param("Cargo.toml", 'version = "1.0.0"  #:version', 'version = "1.1.0"  #:version', "1.1.0", id="Cargo"),
        pytest.param("lib/rocket/version.rb", '  VERSION = "1.0.0"', '  VERSION = "1.1.0"', "1.1.0", id="Ruby"),
        pytest.param("mix.exs", '  @version "1.0.0"', '  @version "1.1.0"', "1.1.0", id="Mix"),
        pytest.param("version.go", 'const Version = "1.0.0"', 'const Version = "1.1.0"', "1.1.0", id="Go"),
        pytest.param("build.gradle", "version = '1.1-SNAPSHOT'", "version = '1.1'", "1.1", id="Gradle"),
        pytest.param("pyproject.toml", 'version = "1.0.0"', 'version = "1.1.0.dev0"', "", id="back to development"),
        pytest.param("package.json", '    "left-pad": "1.0.0",', '    "left-pad": "2.0.0",', "", id="a dependency"),
        pytest.param("docs/version.md", 'version = "1.0.0"', 'version = "1.1.0"', "1.1.0", id="a page named so"),
        pytest.param("pyproject.toml", "x = 1", 'version = "1.1.0"', "", id="the first version"),
    ],
)
def test_the_projects_own_version_is_told_from_those_of_others(
    path: str, before: str, after: str, version: str
) -> None:
    assert own_version(read_diffs([file(path, f"-{before}", f"+{after}")])) == version
