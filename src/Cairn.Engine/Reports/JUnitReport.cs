using System.Collections.Immutable;
using System.Xml;

using Cairn.Core.Events;

namespace Cairn.Engine.Reports;

/// <summary>Counts the cases of JUnit XML, and reads what the failed ones said, as the many tools that write it do: <c>testsuites</c> or <c>testsuite</c> at the top, suites in suites.</summary>
internal static class JUnitReport
{
    /// <summary>Reads a report. Throws <see cref="XmlException"/> where it is not well-formed, and refuses DTDs.</summary>
    public static TestCounts Read(Stream stream)
    {
        var settings = new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            IgnoreComments = true,
            IgnoreWhitespace = true,
            MaxCharactersInDocument = Limits.ReportBytesMax,
        };
        using var reader = XmlReader.Create(stream, settings);
        int tests = 0, failures = 0, errors = 0, skipped = 0;
        var failed = ImmutableArray.CreateBuilder<string>();
        var messages = ImmutableArray.CreateBuilder<string>();
        string? name = null;
        var (verdict, message) = ("", "");
        var isTelling = false;
        while (reader.Read())
        {
            if (reader.NodeType == XmlNodeType.Element)
            {
                switch (reader.LocalName)
                {
                    case "testcase":
                        name = FullName(reader.GetAttribute("classname"), reader.GetAttribute("name") ?? "");
                        (verdict, message) = ("", "");
                        if (reader.IsEmptyElement)
                        {
                            tests++;
                            name = null;
                        }

                        break;
                    case "failure" or "error" or "skipped" when name is not null && verdict is not ("failure" or "error"):
                        verdict = reader.LocalName;
                        isTelling = !reader.IsEmptyElement && verdict != "skipped";
                        message = FirstLines(reader.GetAttribute("message"));
                        break;
                }
            }
            else if (isTelling && reader.NodeType is XmlNodeType.Text or XmlNodeType.CDATA)
            {
                // Some write it into the element, before where it was.
                message = message.Length > 0 ? message : FirstLines(reader.Value);
            }
            else if (reader.NodeType == XmlNodeType.EndElement && reader.LocalName is "failure" or "error")
            {
                isTelling = false;
            }
            else if (reader.NodeType == XmlNodeType.EndElement && string.Equals(reader.LocalName, "testcase", StringComparison.Ordinal) && name is not null)
            {
                tests++;
                failures += verdict == "failure" ? 1 : 0;
                errors += verdict == "error" ? 1 : 0;
                skipped += verdict == "skipped" ? 1 : 0;
                if (verdict is "failure" or "error" && failed.Count < Limits.FailedTestNamesMax)
                {
                    failed.Add(name);
                    messages.Add(message);
                }

                name = null;
            }
        }

        return new TestCounts(tests, failures, errors, skipped) { FailedNames = failed.DrainToImmutable(), FailedMessages = messages.DrainToImmutable() };
    }

    // Some writers repeat the class in the name.
    private static string FullName(string? owner, string name) =>
        string.IsNullOrEmpty(owner) || name.StartsWith(owner + ".", StringComparison.Ordinal) ? name : $"{owner}.{name}";

    /// <summary>Adds two counts.</summary>
    public static TestCounts Add(TestCounts? a, TestCounts b) => a is null
        ? b
        : new TestCounts(a.Tests + b.Tests, a.Failures + b.Failures, a.Errors + b.Errors, a.Skipped + b.Skipped)
        {
            FailedNames = [.. a.FailedNames.Concat(b.FailedNames).Take(Limits.FailedTestNamesMax)],
            FailedMessages = [.. a.FailedMessages.Concat(b.FailedMessages).Take(Limits.FailedTestNamesMax)],
        };

    private static string FirstLines(string? text)
    {
        var lines = new List<string>(Limits.FailedTestMessageLinesMax);
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            var kept = line.Trim();
            if (kept.Length > Limits.FailedTestMessageLineCharsMax)
            {
                // Not between the halves of a character.
                var end = Limits.FailedTestMessageLineCharsMax - (char.IsHighSurrogate(kept[Limits.FailedTestMessageLineCharsMax - 1]) ? 1 : 0);
                lines.Add($"{kept[..end]}…");
            }
            else if (kept.Length > 0)
            {
                lines.Add(kept.ToString());
            }

            if (lines.Count == Limits.FailedTestMessageLinesMax)
            {
                break;
            }
        }

        return string.Join('\n', lines);
    }
}
