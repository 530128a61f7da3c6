using System.Text;

using Cairn.Core.Content;

namespace Cairn.Fuzz.Targets;

/// <summary>A glob on the first line, paths on the others.</summary>
internal sealed class GlobTarget : IFuzzTarget
{
    public string Name => "glob";

    public IReadOnlyList<string> Words { get; } =
    [
        "*", "**", "/", "**/", "/**", "/**/", "?", "[a-z]", "[!a-z]", "[", "]", "[]]", "[z-a]", "{a,b}", "{", "}", "{,}", "{a,{b,c}}", ",", "\\", "\\*", ".", "..", "./", "//", "!", "a", "b", "aaaaaaaa",
        "a*a*a*a*a*a*a*a*b", "**/**/**/**/x", "\n", "src/a.c", "build/x/y.o", "😀", "é",
    ];

    public void Run(byte[] input)
    {
        var lines = Encoding.UTF8.GetString(input).Split('\n');
        if (!Glob.TryParse(lines[0], out var glob, out var error))
        {
            InvariantException.Require(error.Length > 0, $"A bad glob has no explanation");
            return;
        }

        for (var i = 1; i < lines.Length; i++)
        {
            var path = lines[i];
            if (!glob.IsMatch(path))
            {
                continue;
            }

            // A walker that trusts the prefix and the hint finds every match.
            InvariantException.Require(path.StartsWith(glob.LiteralPrefix.TrimEnd('/'), StringComparison.Ordinal), $"`{path}` matches outside of the prefix `{glob.LiteralPrefix}`");
            for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
            {
                if (!glob.CouldMatchBelow(path.AsSpan(0, slash)))
                {
                    throw new InvariantException($"`{path}` matches, but nothing below `{path[..slash]}` could");
                }
            }
        }
    }
}
