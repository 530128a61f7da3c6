using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace Cairn.Engine.Projects.Survey;

/// <summary>What packages of Debian have of the programs and libraries that projects ask for: enough to tell whether a project can be built with them, and with which.</summary>
internal static class DebianPrograms
{
    private static readonly string[] Languages = ["cmake", "go", "java", "node", "php", "python", "ruby", "rust"];

    // In the order of the languages. A suite that is not known here is newer than these.
    private static readonly (string Suite, string[] Versions)[] Suites =
    [
        ("bullseye", ["3.18", "1.15", "17", "12.22", "7.4", "3.9", "2.7", "1.48"]),
        ("bookworm", ["3.25", "1.19", "17", "18.20", "8.2", "3.11", "3.1", "1.63"]),
        ("trixie", ["3.31", "1.24", "21", "20.19", "8.4", "3.13", "3.3", "1.85"]),
    ];

    /// <summary>Programs that scripts and makefiles call by their names, and their packages.</summary>
    private static readonly FrozenDictionary<string, string> Tools = Table(
        """
        autoreconf=autoconf automake=automake bc=bc bison=bison cmake=cmake curl=curl file=file flex=flex gawk=gawk git=git gperf=gperf jq=jq m4=m4
        make=make msgfmt=gettext nasm=nasm node=nodejs openssl=openssl perl=perl pkg-config=pkgconf protoc=protobuf-compiler python3=python3
        rsync=rsync ruby=ruby shellcheck=shellcheck sqlite3=sqlite3 unzip=unzip wget=wget xmllint=libxml2-utils xxd=xxd yacc=bison zip=zip
        """);

    /// <summary>Libraries as CMake, pkg-config and the linker call them, in small letters.</summary>
    private static readonly FrozenDictionary<string, string> Libraries = Table(
        """
        benchmark=libbenchmark-dev boost=libboost-all-dev bz2=libbz2-dev bzip2=libbz2-dev catch2=catch2 cmocka=libcmocka-dev check=check
        crypto=libssl-dev curl=libcurl4-openssl-dev curses=libncurses-dev doctest=doctest-dev eigen3=libeigen3-dev expat=libexpat1-dev ffi=libffi-dev
        fmt=libfmt-dev glib-2.0=libglib2.0-dev gmp=libgmp-dev gtest=libgtest-dev libcurl=libcurl4-openssl-dev libffi=libffi-dev liblzma=liblzma-dev
        libpng=libpng-dev libssl=libssl-dev libuv=libuv1-dev libxml-2.0=libxml2-dev libxml2=libxml2-dev libzstd=libzstd-dev lz4=liblz4-dev
        lzma=liblzma-dev ncurses=libncurses-dev ncursesw=libncurses-dev nlohmann_json=nlohmann-json3-dev openssl=libssl-dev pcre2-8=libpcre2-dev
        png=libpng-dev protobuf=libprotobuf-dev readline=libreadline-dev sdl2=libsdl2-dev spdlog=libspdlog-dev sqlite3=libsqlite3-dev ssl=libssl-dev
        uv=libuv1-dev uuid=uuid-dev xml2=libxml2-dev yaml=libyaml-dev yaml-cpp=libyaml-cpp-dev z=zlib1g-dev zlib=zlib1g-dev zstd=libzstd-dev
        """);

    private static FrozenDictionary<string, string> Table(string text) =>
        text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Select(static pair => pair.Split('=')).ToFrozenDictionary(static pair => pair[0], static pair => pair[1], StringComparer.Ordinal);

    /// <summary>The version of a language that a suite has; null where that is not known.</summary>
    public static Version? VersionOf(string suite, string language)
    {
        foreach (var (name, versions) in Suites)
        {
            if (name == suite && Array.IndexOf(Languages, language) is >= 0 and var at)
            {
                return Parse(versions[at]);
            }
        }

        return null;
    }

    /// <summary>The least version that satisfies a requirement such as <c>&gt;=3.11,&lt;4</c> or <c>^18 || &gt;=20</c>; null where any does.</summary>
    public static Version? Least(string? requirement)
    {
        Version? least = null;
        foreach (var alternative in (requirement ?? "").Split('|', StringSplitOptions.RemoveEmptyEntries))
        {
            Version? needed = null;
            foreach (var bound in alternative.Replace(">= ", ">=", StringComparison.Ordinal).Replace("< ", "<", StringComparison.Ordinal).Split([',', ' '], StringSplitOptions.RemoveEmptyEntries))
            {
                if (bound[0] is not ('<' or '!') && TryParse(bound.TrimStart('>', '=', '^', '~', 'v'), out var version) && (needed is null || version > needed))
                {
                    needed = version;
                }
            }

            if (needed is null)
            {
                return null;
            }

            least = least is null || needed < least ? needed : least;
        }

        return least;
    }

    /// <summary>The packages of the programs that a script calls, as far as they are known here.</summary>
    public static IEnumerable<string> OfCalls(string script) => Words(script, static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.').Select(static w => Tools.GetValueOrDefault(w)).OfType<string>();

    /// <summary>The package of a library's headers, by the name that CMake, pkg-config or the linker has for it.</summary>
    public static bool TryFindLibrary(string name, [MaybeNullWhen(false)] out string package) => Libraries.TryGetValue(name.ToLowerInvariant(), out package);

    /// <summary>The words of a text but for those in comments.</summary>
    private static IEnumerable<string> Words(string text, Func<char, bool> isLetter)
    {
        foreach (var line in text.Split('\n'))
        {
            if (line.TrimStart().StartsWith('#'))
            {
                continue;
            }

            for (int start = 0, at = 0; at <= line.Length; at++)
            {
                if (at < line.Length && isLetter(line[at]))
                {
                    continue;
                }

                // What a path or a variable has in it is no call by name.
                if (at > start && (start == 0 || line[start - 1] is not ('/' or '$' or '{')) && (at == line.Length || line[at] != '/'))
                {
                    yield return line[start..at];
                }

                start = at + 1;
            }
        }
    }

    /// <summary>The number that a text begins with, as far as it is one: <c>3</c> of <c>3.x</c>.</summary>
    private static bool TryParse(string text, [NotNullWhen(true)] out Version? version)
    {
        var end = 0;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || (text[end] == '.' && end + 1 < text.Length && char.IsAsciiDigit(text[end + 1]))))
        {
            end++;
        }

        version = null;
        return end > 0 && (Version.TryParse(text[..end], out version) || Version.TryParse(text[..end] + ".0", out version));
    }

    private static Version Parse(string text) => TryParse(text, out var version) ? version : throw new FormatException(text);
}
