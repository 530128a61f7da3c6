namespace Cairn.Engine.Projects.Survey;

/// <summary>Shell scripts, where there is nothing else: every script is parsed, and a script of tests runs.</summary>
internal static class ShellProjects
{
    private const string CheckScript =
        """
        find . -type f | while read -r file; do
          case $(head -n 1 "$file" | tr -d '\0') in
            '#!'*bash*) bash -n "$file" ;;
            '#!'*/sh | '#!'*/sh\ * | '#!'*'env sh') sh -n "$file" ;;
          esac
        done
        """;

    private static readonly string[] Tests = ["tests/run.sh", "test/run.sh", "tests/test.sh", "test/test.sh", "test.sh", "run-tests.sh"];

    public static IEnumerable<string> Folders(SurveyContext context) => context.Taken.Count == 0 && context.Listing.Ending(".sh").Any() ? [""] : [];

    public static IEnumerable<FoundProject> Draft(SurveyContext context)
    {
        var inputs = context.Sources("");
        var steps = new List<DraftStep> { new("check", CheckScript) { Description = "Parses every script", Inputs = inputs } };
        if (Array.Find(Tests, context.Listing.Has) is { } test)
        {
            var shell = context.Listing.Text(test).Split('\n')[0].Contains("bash", StringComparison.Ordinal) ? "bash" : "sh";
            steps.Add(new DraftStep("test", $"{shell} {test}") { Description = "Runs the tests", Inputs = inputs });
        }

        yield return new FoundProject("shell", "", "Shell scripts")
        {
            Steps = steps,
            Toolchain = context.Toolchain("shell", needed: null, "", context.Listing.Ending(".sh").SelectMany(f => DebianPrograms.OfCalls(context.Listing.Text(f))).Prepend("bash")),
        };
    }
}
