namespace Cairn.Engine.Projects.Survey;

/// <summary>Java with Maven: a reactor is built and tested as a whole.</summary>
internal static class MavenProjects
{
    public static IEnumerable<string> Folders(SurveyContext context)
    {
        var found = new List<string>();
        foreach (var folder in context.Listing.Named("pom.xml").Select(Paths.Folder))
        {
            if (!SurveyContext.IsCovered(folder, found))
            {
                found.Add(folder);
            }
        }

        return found;
    }

    public static IEnumerable<FoundProject> Draft(SurveyContext context) => Folders(context).Select(folder => new FoundProject("maven", folder, "Maven project")
    {
        Steps =
        [
            new DraftStep("verify", "mvn --batch-mode --no-transfer-progress verify")
            {
                Description = "Compiles, tests and packs",
                Comments =
                [
                    "Maven downloads its plugins when it needs them, some only then: so it has the network, and a cache for what it has downloaded.",
                    "`cairn new java NAME` makes a pipeline that downloads in one step and builds without the network in another.",
                ],
                Folder = folder,
                Network = true,
                Inputs = context.Sources(folder),
                Outputs = [Paths.In(folder, context.Listing.Text(Paths.In(folder, "pom.xml")).Contains("<modules>", StringComparison.Ordinal) ? "**/target/**" : "target/**")],
                Caches = [("maven", "~/.m2/repository")],
            },
        ],
        Toolchain = context.Toolchain("java", Least(context.Listing.Text(Paths.In(folder, "pom.xml"))), Paths.In(folder, "pom.xml"), "ca-certificates", "default-jdk-headless", "maven"),
    });

    /// <summary>The Java that a pom compiles for; <c>1.8</c> is 8.</summary>
    private static Version? Least(string pom)
    {
        foreach (var name in new[] { "maven.compiler.release", "maven.compiler.source", "java.version", "release", "source" })
        {
            if (pom.IndexOf($"<{name}>", StringComparison.Ordinal) is >= 0 and var at && pom.IndexOf('<', at + 1) is > 0 and var end)
            {
                return DebianPrograms.Least(pom[(at + name.Length + 2)..end].Trim());
            }
        }

        return null;
    }
}
