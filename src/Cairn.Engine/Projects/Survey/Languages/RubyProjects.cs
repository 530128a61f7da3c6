namespace Cairn.Engine.Projects.Survey;

/// <summary>Ruby: RSpec where there are specs, the Rakefile's tests, or Minitest's files.</summary>
internal static class RubyProjects
{
    private static readonly string[] Gemfiles = ["Gemfile", "Gemfile.lock"];

    private const string Bundle = "vendor/bundle";

    public static IEnumerable<string> Folders(SurveyContext context)
    {
        var found = new List<string>();
        foreach (var folder in context.Listing.Ending("/Gemfile", "/Rakefile", ".gemspec").Concat(context.Listing.Named("Gemfile", "Rakefile")).Select(Paths.Folder).Distinct(StringComparer.Ordinal).OrderBy(f => f.Length))
        {
            if (!SurveyContext.IsCovered(folder, found))
            {
                found.Add(folder);
            }
        }

        return found;
    }

    private static Version? Least(SourceListing listing, string folder)
    {
        var files = listing.Ending(".gemspec").Where(f => Paths.Folder(f) == folder).Append(Paths.In(folder, "Gemfile"));
        foreach (var line in files.SelectMany(f => listing.Text(f).Split('\n')).Select(l => l.Trim()))
        {
            if ((line.StartsWith("ruby ", StringComparison.Ordinal) || line.Contains("required_ruby_version", StringComparison.Ordinal)) && line.Split('\'', '"') is [_, var needed, ..])
            {
                return DebianPrograms.Least(needed);
            }
        }

        return DebianPrograms.Least(listing.Text(Paths.In(folder, ".ruby-version")).Trim().Replace("ruby-", "", StringComparison.Ordinal));
    }

    public static IEnumerable<FoundProject> Draft(SurveyContext context)
    {
        foreach (var folder in Folders(context))
        {
            var listing = context.Listing;
            bool Has(string name) => listing.Has(Paths.In(folder, name));
            var bundled = listing.Text(Paths.In(folder, "Gemfile")).Split('\n').Any(l => l.TrimStart().StartsWith("gem ", StringComparison.Ordinal) || l.TrimStart().StartsWith("gem(", StringComparison.Ordinal));
            var specs = listing.Below(Paths.In(folder, "spec")).Any(f => f.EndsWith("_spec.rb", StringComparison.Ordinal));
            var tests = listing.Below(Paths.In(folder, "test")).Any(f => f.EndsWith(".rb", StringComparison.Ordinal));
            var rake = listing.Text(Paths.In(folder, "Rakefile"));
            var command = specs ? "rspec" : rake.Contains("TestTask", StringComparison.Ordinal) || rake.Contains("task :test", StringComparison.Ordinal) ? "rake test"
                : tests ? "ruby -Ilib -Itest -e 'Dir[\"test/**/{test_*,*_test}.rb\"].sort.each { |file| require \"./#{file}\" }'" : null;
            var steps = new List<DraftStep>();
            var environment = new List<(string, string)>();
            if (bundled)
            {
                environment = [("BUNDLE_PATH", Bundle), ("BUNDLE_FROZEN", Has("Gemfile.lock") ? "true" : "false")];
                List<string> manifests = [.. Gemfiles.Select(n => Paths.In(folder, n)).Where(listing.Has), .. listing.Ending(".gemspec").Where(f => Paths.Folder(f) == folder)];
                steps.Add(new DraftStep("download", "bundle cache --no-install --quiet")
                {
                    Description = "The gems that the Gemfile names",
                    Comments = Has("Gemfile.lock") ? [] : ["Commit Gemfile.lock: without it each fetch may bring other versions."],
                    Folder = folder,
                    Hosts = FetchHosts.OfRuby(listing.Text(Paths.In(folder, "Gemfile")), listing.Text(Paths.In(folder, "Gemfile.lock"))),
                    Inputs = manifests,
                    Outputs = [Paths.In(folder, "vendor/cache/**")],
                    Environment = [.. environment, ("BUNDLE_CACHE_ALL", "true")],
                });
                steps.Add(new DraftStep("install", "bundle install --local --quiet")
                {
                    Description = "Unpacks them, and compiles what of them is in C",
                    Needs = ["download"],
                    Folder = folder,
                    Inputs = manifests,
                    Outputs = [Paths.In(folder, Bundle + "/**")],
                    Environment = environment,
                });
            }

            steps.Add(new DraftStep(command is null ? "check" : "test", command is null ? "find . -name '*.rb' -exec ruby -wc {} +" : bundled ? "bundle exec " + command : command)
            {
                Description = command is null ? "Parses every file; no tests were found" : "Runs the tests",
                Needs = bundled ? ["install"] : [],
                Folder = folder,
                Inputs = context.Sources(folder),
                Environment = environment,
            });
            yield return new FoundProject("ruby", folder, "Ruby project")
            {
                Steps = steps,
                Toolchain = context.Toolchain(
                    "ruby", Least(listing, folder), Paths.Prefix(folder) + "Gemfile",
                    bundled ? ["ca-certificates", "gcc", "libc6-dev", "make", "rake", "ruby", "ruby-bundler", "ruby-dev"] : [.. specs ? ["ruby-rspec"] : Array.Empty<string>(), "rake", "ruby", "ruby-minitest", "ruby-test-unit"]),
            };
        }
    }
}
