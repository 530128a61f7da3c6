namespace Cairn.Engine.Projects.Survey;

/// <summary>Zig with its own build system.</summary>
internal static class ZigProjects
{
    private static readonly (string, string)[] Environment = [("ZIG_GLOBAL_CACHE_DIR", "/tmp/zig"), ("ZIG_LOCAL_CACHE_DIR", "/tmp/zig")];

    public static IEnumerable<string> Folders(SurveyContext context)
    {
        var found = new List<string>();
        foreach (var folder in context.Listing.Named("build.zig").Select(Paths.Folder))
        {
            if (!SurveyContext.IsCovered(folder, found))
            {
                found.Add(folder);
            }
        }

        return found;
    }

    public static IEnumerable<FoundProject> Draft(SurveyContext context)
    {
        foreach (var folder in Folders(context))
        {
            var text = context.Listing.Text(Paths.In(folder, "build.zig"));
            var downloads = context.Listing.Text(Paths.In(folder, "build.zig.zon")).Contains(".url", StringComparison.Ordinal);
            DraftStep Step(string name, string command) => new(name, command)
            {
                Folder = folder,
                Inputs = context.Sources(folder),
                Environment = Environment,
                Network = downloads,
                Comments = downloads ? ["It downloads what build.zig.zon names, whose hashes stand there."] : [],
            };
            var steps = new List<DraftStep> { Step("build", "zig build") with { Outputs = [Paths.In(folder, "zig-out/**")] } };
            if (text.Contains("\"test\"", StringComparison.Ordinal))
            {
                steps.Add(Step("test", "zig build test"));
            }

            yield return new FoundProject("zig", folder, "Zig project") { Steps = steps };
        }
    }
}
