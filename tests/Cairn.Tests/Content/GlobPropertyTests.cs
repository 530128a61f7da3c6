using Cairn.Core.Content;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Content;

public sealed class GlobPropertyTests
{
    private static readonly Config Many = Config.QuickThrowOnFailure.WithMaxTest(3_000);

    private static readonly Gen<string> Paths = Few(5, Gen.Elements("a", "b", "ab", "aab", "ba", ".a")).Select(s => string.Join('/', s));

    private static readonly Gen<string> Globs = Few(5, Gen.OneOf(
        Gen.Elements("**", "*", "a", "b", "a*", "*b", "{a,b}"),
        Few(4, Gen.Elements("a", "b", "*", "?", "[a]", "[!a]", "[.b]", "{a,*b}", "{,b}a")).Select(string.Concat)))
        .Select(s => string.Join('/', s)).Where(g => Glob.TryParse(g, out _, out _));

    [Fact]
    public void IsMatch_Agrees_With_A_Naive_Reference() => Check.One(Many, Prop.ForAll(Globs.ToArbitrary(), Paths.ToArbitrary(), (glob, path) =>
        Glob.Parse(glob).IsMatch(path) == Reference(glob, path)));

    [Fact]
    public void CouldMatchBelow_Is_True_Above_Every_Match() => Check.One(Many, Prop.ForAll(Globs.ToArbitrary(), Paths.ToArbitrary(), (text, path) =>
    {
        var glob = Glob.Parse(text);
        return !glob.IsMatch(path) || (Ancestors(path).All(f => glob.CouldMatchBelow(f)) && path.StartsWith(glob.LiteralPrefix, StringComparison.Ordinal));
    }));

    [Fact]
    public void PathPatterns_Finds_Every_Match_From_Its_Roots()
    {
        var patterns = Few(4, from exclude in Gen.Elements("", "", "!") from glob in Globs select exclude + glob).Select(l => PathPatterns.Parse(l));
        Check.One(Many, Prop.ForAll(patterns.ToArbitrary(), Paths.ToArbitrary(), (all, path) =>
            !all.IsMatch(path)
            || (Ancestors(path).All(f => all.CouldMatchBelow(f))
                && all.Roots.Count(r => r.Length == 0 || path == r || path.StartsWith(r + "/", StringComparison.Ordinal)) == 1)));
    }

    [Fact]
    public void MayOverlap_Is_True_Where_A_Path_Matches_Both() => Check.One(Many, Prop.ForAll(Globs.ToArbitrary(), Globs.ToArbitrary(), Paths.ToArbitrary(), (a, b, path) =>
    {
        var (one, other) = (Glob.Parse(a), Glob.Parse(b));
        return Glob.MayOverlap(one, other) == Glob.MayOverlap(other, one) && (Glob.MayOverlap(one, other) || !(one.IsMatch(path) && other.IsMatch(path)));
    }));

    [Fact]
    public void MayOverlap_Of_A_Literal_Is_Exact() => Check.One(Many, Prop.ForAll(Globs.ToArbitrary(), Paths.ToArbitrary(), (text, path) =>
    {
        var glob = Glob.Parse(text);
        return Glob.MayOverlap(glob, Glob.Parse(path)) == (glob.IsMatch(path) || glob.CouldMatchBelow(path));
    }));

    [Fact]
    public void TryParse_Of_Any_Text_Never_Throws()
    {
        var texts = Gen.ArrayOf(Gen.Elements("*", "?", "[", "]", "{", "}", ",", "\\", "/", ".", "..", "!", "^", "-", "a", "\ud800", "😀", ":")).Select(string.Concat);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(10_000), Prop.ForAll(texts.ToArbitrary(), Paths.ToArbitrary(), (text, path) =>
        {
            if (!PathPattern.TryParse(text, out var pattern, out var error))
            {
                return error.Length > 0;
            }

            // Normalising must not change the meaning.
            return pattern.Glob.IsMatch(path) == Glob.Parse(pattern.Glob.Text).IsMatch(path);
        }));
    }

    /// <summary>One to so many.</summary>
    private static Gen<IReadOnlyList<T>> Few<T>(int max, Gen<T> item) => Gen.Choose(1, max).SelectMany(count => Gen.ArrayOf(item, count)).Select(IReadOnlyList<T> (array) => array);

    private static IEnumerable<string> Ancestors(string path)
    {
        yield return "";
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
        {
            yield return path[..slash];
        }
    }

    private static bool Reference(string glob, string path)
    {
        // The path itself, or any folder above it.
        return Expand(glob).Any(g => Ancestors(path).Skip(1).Append(path).Any(p => Segments(g.Split('/'), p.Split('/'))));
    }

    private static IEnumerable<string> Expand(string glob)
    {
        var open = glob.IndexOf('{', StringComparison.Ordinal);
        if (open < 0)
        {
            return [glob];
        }

        var close = glob.IndexOf('}', open);
        return glob[(open + 1)..close].Split(',').SelectMany(choice => Expand(glob[..open] + choice + glob[(close + 1)..]));
    }

    private static bool Segments(ReadOnlySpan<string> glob, ReadOnlySpan<string> path)
    {
        if (glob.Length == 0)
        {
            return path.Length == 0;
        }

        if (glob[0] == "**")
        {
            return (glob.Length == 1 && path.Length > 0) || (glob.Length > 1 && Segments(glob[1..], path)) || (path.Length > 0 && Segments(glob, path[1..]));
        }

        return path.Length > 0 && Name(glob[0], path[0]) && Segments(glob[1..], path[1..]);
    }

    private static bool Name(string glob, string name)
    {
        if (glob.Length == 0)
        {
            return name.Length == 0;
        }

        if (glob[0] == '*')
        {
            return Name(glob[1..], name) || (name.Length > 0 && Name(glob, name[1..]));
        }

        if (name.Length == 0)
        {
            return false;
        }

        if (glob[0] != '[')
        {
            return (glob[0] == '?' || glob[0] == name[0]) && Name(glob[1..], name[1..]);
        }

        var close = glob.IndexOf(']', StringComparison.Ordinal);
        var negated = glob[1] == '!';
        return glob[(negated ? 2 : 1)..close].Contains(name[0], StringComparison.Ordinal) != negated && Name(glob[(close + 1)..], name[1..]);
    }
}
