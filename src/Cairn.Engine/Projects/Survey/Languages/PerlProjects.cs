namespace Cairn.Engine.Projects.Survey;

/// <summary>Perl: every module compiles, and prove runs what is in <c>t/</c>.</summary>
internal static class PerlProjects
{
    private const string Local = "local";

    public static IEnumerable<string> Folders(SurveyContext context) =>
        context.Listing.Named("Makefile.PL", "Build.PL", "cpanfile", "dist.ini").Select(Paths.Folder).Distinct(StringComparer.Ordinal);

    public static IEnumerable<FoundProject> Draft(SurveyContext context)
    {
        foreach (var folder in Folders(context))
        {
            var listing = context.Listing;
            var modules = listing.Text(Paths.In(folder, "cpanfile")).Contains("requires", StringComparison.Ordinal);
            var inputs = context.Sources(folder);
            IReadOnlyList<string> needs = modules ? ["install"] : [];
            IReadOnlyList<(string, string)> environment = modules ? [("PERL5LIB", $"{Local}/lib/perl5")] : [];
            var steps = new List<DraftStep>();
            if (modules)
            {
                steps.Add(new DraftStep("install", $"cpanm --quiet --notest --local-lib-contained {Local} --installdeps .")
                {
                    Description = "The modules that the cpanfile names",
                    Comments = ["It asks CPAN, so it has the network; the steps after it have not."],
                    Folder = folder,
                    Network = true,
                    Inputs = [Paths.In(folder, "cpanfile")],
                    Outputs = [Paths.In(folder, Local + "/**")],
                });
            }

            if (listing.Below(Paths.In(folder, "lib")).Any(f => f.EndsWith(".pm", StringComparison.Ordinal)))
            {
                steps.Add(new DraftStep("check", "find lib -name '*.pm' | while read -r file; do perl -wc -Ilib \"$file\"; done") { Description = "Compiles every module, with warnings", Needs = needs, Folder = folder, Inputs = inputs, Environment = environment });
            }

            if (listing.Below(Paths.In(folder, "t")).Any(f => f.EndsWith(".t", StringComparison.Ordinal)))
            {
                steps.Add(new DraftStep("test", "prove -lr t") { Description = "Runs the tests", Needs = needs, Folder = folder, Inputs = inputs, Environment = environment });
            }

            yield return new FoundProject("perl", folder, "Perl project")
            {
                Steps = steps,
                Toolchain = context.Toolchain("perl", needed: null, folder, modules ? ["ca-certificates", "cpanminus", "gcc", "libc6-dev", "make", "perl"] : ["perl"]),
            };
        }
    }
}
