using System.Text.Json;

namespace Cairn.Engine.Projects.Survey;

/// <summary>PHP with a composer.json: every file is parsed, tests run as the project says.</summary>
internal static class PhpProjects
{
    private static readonly string[] Manifests = ["composer.json", "composer.lock"];

    // What `composer dump-autoload` writes.
    private static readonly string[] Autoloader = ["vendor/autoload.php", "vendor/composer/autoload_*.php", "vendor/composer/ClassLoader.php", "vendor/composer/LICENSE", "vendor/composer/platform_check.php"];

    public static IEnumerable<string> Folders(SurveyContext context) => context.Listing.Named("composer.json").Select(Paths.Folder);

    public static IEnumerable<FoundProject> Draft(SurveyContext context)
    {
        foreach (var folder in Folders(context))
        {
            var listing = context.Listing;
            var path = Paths.In(folder, "composer.json");
            string? script = null, php = null;
            var packages = false;
            try
            {
                using var json = JsonDocument.Parse(listing.Text(path));
                packages = Requires(json.RootElement, "require") || Requires(json.RootElement, "require-dev");
                php = json.RootElement.TryGetProperty("require", out var require) && require.ValueKind == JsonValueKind.Object && require.TryGetProperty("php", out var version) && version.ValueKind == JsonValueKind.String ? version.GetString() : null;
                script = json.RootElement.TryGetProperty("scripts", out var scripts) && scripts.ValueKind == JsonValueKind.Object && scripts.TryGetProperty("test", out var test) && test.ValueKind == JsonValueKind.String ? test.GetString() : null;
            }
            catch (Exception exception) when (exception is JsonException or InvalidOperationException)
            {
                context.Note($"{path} is not a JSON object and is left out: {exception.Message}");
                continue;
            }

            var inputs = context.Sources(folder);
            var steps = new List<DraftStep>
            {
                new("check", "find . -name '*.php' -not -path './vendor/*' | while read -r file; do php -l \"$file\"; done") { Description = "Parses every file", Folder = folder, Inputs = inputs },
            };
            if (packages)
            {
                steps.Add(new DraftStep("install", "composer install --no-interaction --no-progress --no-scripts --no-plugins --no-autoloader --prefer-dist")
                {
                    Description = "The packages that composer.json names",
                    Comments = listing.Has(Paths.In(folder, "composer.lock")) ? [] : ["Commit composer.lock: without it each fetch may bring other versions."],
                    Folder = folder,
                    Hosts = FetchHosts.OfPhp(listing.Text(Paths.In(folder, "composer.lock"))),
                    Inputs = [.. Manifests.Select(n => Paths.In(folder, n)).Where(listing.Has)],
                    Outputs = [Paths.In(folder, "vendor/**"), .. Autoloader.Select(f => "!" + Paths.In(folder, f))],
                });
            }

            var command = listing.Has(Paths.In(folder, "phpunit.xml")) || listing.Has(Paths.In(folder, "phpunit.xml.dist")) ? "vendor/bin/phpunit --do-not-cache-result"
                : script is not null && script.StartsWith("phpunit", StringComparison.Ordinal) ? "vendor/bin/" + script : script;
            if (command is not null)
            {
                if (packages)
                {
                    steps.Add(new DraftStep("autoload", "composer dump-autoload --no-interaction --no-scripts --no-plugins")
                    {
                        Description = "Where each class is",
                        Needs = ["install"],
                        Folder = folder,
                        Inputs = inputs,
                        Outputs = [.. Autoloader.Select(f => Paths.In(folder, f))],
                    });
                }

                steps.Add(new DraftStep("test", command) { Description = "Runs the tests", Needs = packages ? ["install", "autoload"] : [], Folder = folder, Inputs = inputs });
            }

            yield return new FoundProject("php", folder, "PHP project")
            {
                Steps = steps,
                Toolchain = context.Toolchain("php", DebianPrograms.Least(php), path, packages ? ["ca-certificates", "composer", "php-cli", "php-mbstring", "php-xml", "unzip"] : ["php-cli"]),
            };
        }
    }

    // What begins with `ext-`, `lib-` or `php` comes with PHP.
    private static bool Requires(JsonElement json, string section) =>
        json.TryGetProperty(section, out var names) && names.ValueKind == JsonValueKind.Object && names.EnumerateObject().Any(n => n.Name.Contains('/', StringComparison.Ordinal));
}
