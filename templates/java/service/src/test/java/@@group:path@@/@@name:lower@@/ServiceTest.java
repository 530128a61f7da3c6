package @@group@@.@@name:lower@@;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.net.httpserver.HttpServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;

class ServiceTest {
    @Test
    void greets() throws Exception {
        HttpServer server = Service.create(0);
        server.start();
        try {
            URI uri = URI.create("http://localhost:" + server.getAddress().getPort() + "/hello/World");
            HttpResponse<String> answer = HttpClient.newHttpClient()
                    .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
            assertEquals(200, answer.statusCode());
            assertEquals("Hello, World!", answer.body());
        } finally {
            server.stop(0);
        }
    }
}
