using System.Collections.Immutable;

using Cairn.Core;
using Cairn.Core.Language.Model;
using Cairn.Core.Planning;
using Cairn.Engine.Caching;
using Cairn.Engine.Isolation;
using Cairn.Execution;
using Cairn.Execution.Sandbox;

namespace Cairn.Engine.Running;

/// <summary>A service as it runs for the steps that reach the same of the network.</summary>
/// <param name="Name">The service.</param>
/// <param name="Network">What these steps reach.</param>
internal sealed record ServiceInstance(StepName Name, NetworkAccess Network);

/// <summary>The process of a service, ready to start.</summary>
/// <param name="Spec">The process.</param>
/// <param name="Network">The network in which it listens; null for the machine's.</param>
internal sealed record PreparedService(ProcessSpec Spec, NetworkNamespace? Network) : IDisposable
{
    /// <summary>What is given back when it has ended; null for nothing.</summary>
    public Action? Leave { get; init; }

    public void Dispose() => Leave?.Invoke();
}

/// <summary>
/// Where services run: for steps that have the machine's network on the machine, in the working tree; for all others in a sandbox, in the network that these steps share. There it
/// sees those inputs that all these steps have: whatever it does with them, the keys of their results hold it.
/// </summary>
internal sealed class ServicePlaces(RunRequest request, RunScope scope, SecretResolver secrets, string scratch, SandboxIsolation sandboxes, RunCache? cache)
{
    /// <summary>Prepares the process of a service. Throws <see cref="SecretException"/>, <see cref="EvaluationException"/> and <see cref="IOException"/>.</summary>
    public Task<PreparedService> PrepareAsync(Service service, NetworkAccess network, CancellationToken cancellationToken) =>
        network == NetworkAccess.Host ? OnMachineAsync(service, cancellationToken) : InSandboxAsync(service, network, cancellationToken);

    private async Task<PreparedService> OnMachineAsync(Service service, CancellationToken cancellationToken)
    {
        var home = Path.Combine(scratch, $"service.{service.Name}", "home");
        Directory.CreateDirectory(home);
        var expressions = JobScope.ForService(scope);
        var environment = await EnvironmentAsync(service, expressions, StepEnvironment.Base(request.StepPath, home), request.ProjectDirectory, cancellationToken);
        return new PreparedService(
            new ProcessSpec
            {
                Arguments = JobAttempt.CommandLine(service.Action, expressions, text =>
                {
                    var script = Path.Combine(Path.GetDirectoryName(home)!, "script");
                    File.WriteAllText(script, text);
                    return script;
                }),
                Environment = [.. environment],
                WorkingDirectory = service.WorkingDirectory is { } folder ? ProcessPlace.Resolve(request.ProjectDirectory, expressions.Text(folder)) : request.ProjectDirectory,
                Secrets = secrets.Known,
            },
            Network: null);
    }

    private async Task<PreparedService> InSandboxAsync(Service service, NetworkAccess network, CancellationToken cancellationToken)
    {
        var inputs = (cache ?? throw new IOException("A sandbox needs the store")).CommonInputs(UsersOf(service, network), cancellationToken);
        var expressions = JobScope.ForService(scope);
        var environment = await EnvironmentAsync(service, expressions, StepEnvironment.SandboxBase(SandboxIsolation.Home), SandboxIsolation.ProjectDirectory, cancellationToken);
        var folder = service.WorkingDirectory is { } template ? SandboxedPlace.Normalize(expressions.Text(template)) : "";
        var root = sandboxes.MountService(service.Name.Value, inputs, folder, scope.Plan.Pipeline.Services, network);
        try
        {
            return new PreparedService(
                new ProcessSpec
                {
                    Arguments = JobAttempt.CommandLine(service.Action, expressions, text => sandboxes.PutScript(root.Place, text)),
                    Environment = ImmutableArray.CreateRange(environment).Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key)),
                    WorkingDirectory = $"{SandboxIsolation.ProjectDirectory}/{folder}".TrimEnd('/'),
                    Place = root.Place,
                    Secrets = secrets.Known,
                },
                root.Place.Spec.Namespace)
            { Leave = () => sandboxes.Leave(root) };
        }
        catch
        {
            sandboxes.Leave(root);
            throw;
        }
    }

    private async Task<Dictionary<string, string>> EnvironmentAsync(
        Service service, JobScope expressions, Dictionary<string, string> environment, string projectDirectory, CancellationToken cancellationToken)
    {
        Task<string> ResolveAsync(string name) => secrets.ResolveAsync(name, cancellationToken);
        await StepEnvironment.AddAsync(environment, scope.Plan.Pipeline.Environment, expressions, ResolveAsync);
        await StepEnvironment.AddAsync(environment, service.Environment, expressions, ResolveAsync);
        environment["CAIRN_PROJECT"] = projectDirectory;
        environment["CAIRN_SERVICE"] = service.Name.Value;
        return environment;
    }

    private List<Job> UsersOf(Service service, NetworkAccess network)
    {
        var users = new List<Job>();
        foreach (var job in scope.Plan.Jobs)
        {
            foreach (var used in job.Step.Services)
            {
                if (used.Name == service.Name && request.NetworkOf(job.Step) == network)
                {
                    users.Add(job);
                }
            }
        }

        return users;
    }
}
