namespace Cairn.Fuzz.Targets;

/// <summary>All targets. To add one: implement <see cref="IFuzzTarget"/>, list it here, and put some inputs into <c>testdata/fuzz/NAME/</c>.</summary>
internal static class All
{
    public static IReadOnlyList<IFuzzTarget> Targets { get; } =
    [
        new YamlTarget(),
        new PipelineTarget(),
        new ExpressionTarget(),
        new GlobTarget(),
        new CompiledTarget(),
        new ActionTarget(),
        new DependencyTarget(),
        new ProxyTarget(),
        new AttestationTarget(),
        new PolicyTarget(),
        new TrustTarget(),
        new NoteTarget(),
        new LogTarget(),
        new BundleTarget(),
        new LicenseTarget(),
    ];

    public static IFuzzTarget? Find(string name)
    {
        foreach (var target in Targets)
        {
            if (string.Equals(target.Name, name, StringComparison.Ordinal))
            {
                return target;
            }
        }

        return null;
    }
}
