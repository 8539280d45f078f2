import com.sun.net.httpserver.HttpExchange
import com.sun.net.httpserver.HttpServer
import groovy.json.JsonException
import groovy.json.JsonSlurper

import javax.crypto.Mac
import javax.crypto.spec.SecretKeySpec
import java.security.MessageDigest
import java.time.Duration
import java.time.Instant
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

// Receives SonarQube's webhook about finished analyses. Like Jenkins, it listens from the start.
class Webhook implements Closeable {
    private static final int LIMIT = 1 << 20
    private final HttpServer server
    // Bodies and signatures that arrived.
    private final LinkedBlockingQueue<Map> events = new LinkedBlockingQueue<>()

    Webhook(int port) {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getByName('127.0.0.1'), port), 0)
        } catch (IOException e) {
            throw new Refused("cannot listen on 127.0.0.1:$port for SonarQube's webhook: $e.message")
        }
        server.createContext('/sonarqube-webhook/') { HttpExchange exchange ->
            def body = exchange.requestBody.readNBytes(LIMIT)
            def signature = exchange.requestHeaders.getFirst('X-Sonar-Webhook-HMAC-SHA256')
            events << [body: body, signature: signature]
            exchange.sendResponseHeaders(200, -1)
            exchange.close()
        }
        server.start()
    }

    void close() { server.stop(0) }

    // await waits for the webhook of a task and returns its content. Like in Jenkins, a bad signature fails the step.
    Map await(String task, String secret, Instant deadline) {
        while (true) {
            def left = deadline == Instant.MAX ? Long.MAX_VALUE : Duration.between(Instant.now(), deadline).toMillis()
            def event = left > 0 ? events.poll(left, TimeUnit.MILLISECONDS) : null
            if (!event) throw new StepFailed('Timeout has been exceeded: no webhook', 'ABORTED')
            def content
            try {
                content = new JsonSlurper().parse(event.body as byte[], 'UTF-8')
            } catch (JsonException ignored) { continue }
            if (!(content instanceof Map) || content.taskId != task) continue
            if (!signed(event, secret)) throw new StepFailed("The incoming webhook didn't match the configured webhook secret")
            return content
        }
    }

    private static boolean signed(Map event, String secret) {
        def mac = Mac.getInstance('HmacSHA256')
        mac.init(new SecretKeySpec(secret.getBytes('UTF-8'), 'HmacSHA256'))
        def want = mac.doFinal(event.body as byte[]).encodeHex().toString()
        MessageDigest.isEqual(want.getBytes('UTF-8'), (event.signature ?: '').getBytes('UTF-8'))
    }
}
