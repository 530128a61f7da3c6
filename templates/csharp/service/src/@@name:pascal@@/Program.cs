using @@name:pascal@@;

await using var service = Service.Create(args);
await service.RunAsync();
