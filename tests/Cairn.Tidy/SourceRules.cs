using System.Text.RegularExpressions;

namespace Cairn.Tidy;

/// <summary>How code is written here, as far as a machine can tell.</summary>
public sealed partial class SourceRules(Repository repository)
{
    private const int ShippedLinesMax = 500;
    private const int TestLinesMax = 800;

    // Patterns are put together so that this file does not break its own rules.
    private static readonly LineRule Unfinished = new(@"\b(TO" + @"DO|FIX" + @"ME|HA" + @"CK|XX" + @"X)\b", "Finish it, or open an issue", "// FIX" + "ME later");
    private static readonly LineRule Stub = new(@"\bNotImplemented" + "Exception", "Write it, or leave the member out", "=> throw new NotImplemented" + "Exception();");
    private static readonly LineRule Clock = new(@"\bDateTime(Offset)?\.(Utc)?" + @"Now\b|\bDateTime\.To" + "day", "Take the time from a TimeProvider", "var t = DateTimeOffset.Utc" + "Now;");

    private static readonly LineRule Sleep = new(
        @"\bThread\.Sle" + @"ep\b|\bTask\.De" + @"lay\((?!Timeout\.Infinite)", "Wait on a condition (Cairn.Testing has Wait.UntilAsync), or on a token with Timeout.Infinite", "await Task.De" + "lay(100);");

    private static readonly LineRule TrailingSpace = new(@"[ \t]$", "Remove spaces at the end of lines", "x = 1; ");
    private static readonly LineRule CarriageReturn = new(@"\r", "End lines with LF alone", "x = 1;\r");
    private static readonly LineRule Tab = new(@"\t", "Indent with spaces", "\tx = 1;");

    private static readonly LineRule MachinePath = new(
        @"(^|[^\w.$}])/(wo" + @"rk/(main|shared)|ro" + @"ot|tm" + @"p/wt)(/|\b)(?!\w)", "A path of one machine means nothing on another", "cd /ro" + "ot/project");

    [Fact]
    public void Lines_Have_No_Unfinished_Work() => Unfinished.Check(repository.Written);

    [Fact]
    public void Members_Are_No_Stubs() => Stub.Check(repository.CSharp);

    [Fact]
    public void Code_Takes_The_Time_From_Outside() => Clock.Check(repository.CSharp);

    [Fact]
    public void Tests_Wait_On_Conditions() => Sleep.Check(repository.CSharp.Where(f => f.IsTest));

    [Fact]
    public void Lines_Do_Not_End_In_Spaces() => TrailingSpace.Check(repository.Written.Where(f => f.Extension != ".md"));

    [Fact]
    public void Lines_End_In_LF() => CarriageReturn.Check(repository.Written);

    [Fact]
    public void Lines_Have_No_Tabs() => Tab.Check(repository.Written.Where(f => f.Name != "Makefile" && f.Extension is not (".mk" or ".go")));

    [Fact]
    public void Lines_Name_No_Paths_Of_One_Machine() => MachinePath.Check(repository.Written);

    [Fact]
    public void Files_End_In_A_Newline() => Violations.Check(
        "End the file with one newline",
        repository.Written.Where(f => f.Name != "packages.lock.json" && f.Text.Length > 0 && (!f.Text.EndsWith('\n') || f.Text.EndsWith("\n\n", StringComparison.Ordinal))).Select(f => f.Path));

    [Fact]
    public void Files_Are_About_One_Concept() => Violations.Check(
        $"Find the seam: at most {ShippedLinesMax} lines in src, {TestLinesMax} in tests",
        repository.CSharp.Where(f => f.Lines.Length - 1 > (f.IsShipped ? ShippedLinesMax : TestLinesMax)).Select(f => $"{f.Path}: {f.Lines.Length - 1} lines"));

    [Fact]
    public void Files_Are_Named_After_A_Concept() => Violations.Check(
        "Name the file after what it is about",
        repository.CSharp.Where(f => Drawer().IsMatch(f.Name)).Select(f => f.Path));

    [Fact]
    public void Suppressions_Give_A_Reason() => Violations.Check(
        "Say why on the same line or in a comment above",
        repository.Written.Where(f => f.Extension is ".cs" or ".csproj" or ".props" or ".targets" or ".editorconfig").SelectMany(f => Violations.Of(f, IsUnexplained)));

    [Theory]
    [InlineData("#pragma warning disable CA1000", true)]
    [InlineData("#pragma warning disable CA1000 // The name is the protocol's", false)]
    [InlineData("// The name is the protocol's.\n#pragma warning disable CA1000", false)]
    [InlineData("[SuppressMessage(\"a\", \"b\")]", true)]
    [InlineData("[SuppressMessage(\"a\", \"b\", Justification = \"c\")]", false)]
    [InlineData("<NoWarn>CA1000</NoWarn>", true)]
    [InlineData("<!-- c -->\n<NoWarn>CA1000</NoWarn>", false)]
    [InlineData("# c\n\ndotnet_diagnostic.CA1.severity = none", true)]
    [InlineData("# c\ndotnet_diagnostic.CA1.severity = none\ndotnet_diagnostic.CA2.severity = none", false)]
    public void IsUnexplained_Sees_Reasons(string text, bool expected)
    {
        var lines = text.Split('\n');
        Assert.Equal(expected, IsUnexplained(lines, lines.Length - 1));
    }

    [Fact]
    public void Limits_Say_What_They_Count() => Violations.Check(
        "End the name of a limit in its unit, or in Max or Min",
        repository.CSharp.Where(f => f.IsShipped && f.Name.StartsWith("Limits", StringComparison.Ordinal))
            .SelectMany(f => Violations.Of(f, line => Limit().Match(line) is { Success: true } match && !Unit().IsMatch(match.Groups["name"].Value))));

    private static bool IsUnexplained(IReadOnlyList<string> lines, int index)
    {
        var line = lines[index];
        if (!Suppression().IsMatch(line) || Reason().IsMatch(line))
        {
            return false;
        }

        // One comment may speak for the suppressions that follow it directly.
        var above = index - 1;
        while (above >= 0 && Suppression().IsMatch(lines[above]) && !Reason().IsMatch(lines[above]))
        {
            above--;
        }

        return above < 0 || !Reason().IsMatch(lines[above]);
    }

    [GeneratedRegex(@"^\s*#pragma warning disable\b|\bSuppressMessage\(|<No" + @"Warn>|^dotnet_diagnostic\.\w+\.severity\s*=\s*none", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Suppression();

    [GeneratedRegex(@"//\s*\w|<!--|-->|^\s*#\s+\w|\bJustification\s*=\s*""\w", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Reason();

    [GeneratedRegex(@"(Utils?|Utilit(y|ies)|Helpers?|Common|Misc)(?![a-z])", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Drawer();

    [GeneratedRegex(@"\bconst \w+ (?<name>\w+)\s*=", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Limit();

    [GeneratedRegex("(Max|Min|Ms|Seconds|Minutes|Hours|Days|Bytes|KiB|MiB|GiB|Chars|Lines|Columns|Percent)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Unit();
}
