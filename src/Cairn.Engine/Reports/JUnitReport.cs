using System.Collections.Immutable;
using System.Xml;

using Cairn.Core.Events;

namespace Cairn.Engine.Reports;

/// <summary>Counts the cases of JUnit XML as the many tools that write it do: <c>testsuites</c> or <c>testsuite</c> at the top, suites in suites.</summary>
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
        string? name = null;
        var verdict = "";
        while (reader.Read())
        {
            if (reader.NodeType == XmlNodeType.Element)
            {
                switch (reader.LocalName)
                {
                    case "testcase":
                        name = FullName(reader.GetAttribute("classname"), reader.GetAttribute("name") ?? "");
                        verdict = "";
                        if (reader.IsEmptyElement)
                        {
                            tests++;
                            name = null;
                        }

                        break;
                    case "failure" or "error" or "skipped" when name is not null && verdict is not ("failure" or "error"):
                        verdict = reader.LocalName;
                        break;
                }
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
                }

                name = null;
            }
        }

        return new TestCounts(tests, failures, errors, skipped) { FailedNames = failed.ToImmutable() };
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
        };
}
