import groovy.json.JsonSlurper

import java.nio.file.*
import java.time.Duration
import java.time.Instant

// The steps. Shell commands really run: in bash, in the workspace, with the variables that Jenkins would set.
class Steps {
    private final Runner runner
    private final Controller controller
    private final File workspace
    private final String gate
    // The webhook of a real SonarQube; without it, the status of the gate is the one in gate.
    private final Webhook webhook
    private final Instant began = Instant.now()
    // Variables that Jenkins adds to the environment.
    final Map<String, String> variables
    private final List<String> masked = []
    private Instant deadline = Instant.MAX
    // Report of the last analysis, with its server in jenkins.yaml.
    private Map analysed
    // Name of the job that builds the branch.
    final String job
    private final Set<String> stashed = []

    Steps(Runner runner, Map options) {
        this.runner = runner
        controller = runner.controller
        workspace = options.workspace
        gate = options.gate
        webhook = options.webhook
        job = options.job
        variables = [BRANCH_NAME: options.branch, BUILD_NUMBER: '2', BUILD_DISPLAY_NAME: '#2', JOB_NAME: job,
                     JENKINS_URL: 'http://localhost:8080/', BUILD_URL: "http://localhost:8080/job/${job.replace('/', '/job/')}/2/".toString(),
                     WORKSPACE: workspace.path, EXECUTOR_NUMBER: '0', CI: 'true'].collectEntries { k, v -> [k, "$v".toString()] }
        controller.env.each { name, value -> variables[name] = controller.text(value) }
    }

    Map snapshot() { new LinkedHashMap(variables) }
    void restore(Map saved) { variables.clear(); variables.putAll(saved) }

    def block(Closure body) {
        body.delegate = this
        body.resolveStrategy = Closure.DELEGATE_ONLY
        body()
    }

    // Steps accept named and positional arguments. This converts a positional one for methods that only take named ones.
    def methodMissing(String name, args) {
        def word = Words.STEPS[name], list = args as List
        if (list.empty || !(list[0] instanceof Map)) {
            def named = list.empty ? [:] : [(word.sole): list[0]]
            if (metaClass.respondsTo(this, name, ([named] + list.drop(1)) as Object[])) return invokeMethod(name, ([named] + list.drop(1)) as Object[])
        }
        throw new Refused("this double does not support this form of the step $name")
    }

    private void with_(Map<String, String> more, Closure body) {
        def saved = snapshot()
        variables.putAll(more)
        try { block(body) } finally { restore(saved) }
    }

    // Names in a string: env.X, currentBuild, or a variable.
    def getEnv() { new Environment(this) }
    def getScm() { 'scm' }

    def getCurrentBuild() {
        [currentResult: runner.result, result: runner.result, number: 2, displayName: '#2',
         fullDisplayName: "${job.tokenize('/').collect { URLDecoder.decode(it, 'UTF-8') }.join(' » ')} #2".toString(),
         durationString: "${Duration.between(began, Instant.now()).seconds} sec"]
    }

    def propertyMissing(String name) {
        def value = value(name)
        if (value == null) throw new StepFailed("No such property: $name")
        value
    }

    String value(String name) { variables[name] ?: System.getenv(name) }

    void limited(timeout, Closure body) {
        if (timeout == null) { body(); return }
        def how = timeout instanceof Map ? timeout : [time: timeout]
        def saved = deadline
        def until = Instant.now().plusMillis((how.time * Words.UNITS[how.unit ?: 'MINUTES'] * 1000) as long)
        if (until < deadline) deadline = until
        try { body() } finally { deadline = saved }
    }

    void timeout(Map how, Closure body) { limited(how) { block(body) } }

    void echo(Map how) { Runner.log how.message }
    void error(Map how) { throw new StepFailed(how.message) }

    // The workspace must already be a checkout.
    void checkout(scm) {
        if (!new File(workspace, '.git').exists()) throw new StepFailed("$workspace is not a git checkout")
    }

    def sh(Map how) {
        Runner.log "+ sh: ${how.label ?: how.script}"
        def file = Files.createTempFile('run-pipeline', '.sh').toFile()
        file.setText(how.script, 'UTF-8')
        try {
            def left = Duration.between(Instant.now(), deadline == Instant.MAX ? Instant.now().plusSeconds(86400) : deadline).toMillis()
            if (left <= 0) throw new StepFailed('Timeout has been exceeded', 'ABORTED')
            // The program timeout ends the whole process group.
            def builder = new ProcessBuilder('timeout', '--kill-after=5', "${left / 1000.0}", 'bash', '-xe', file.path)
            builder.directory(workspace).redirectErrorStream(!how.returnStdout).environment().putAll(variables)
            def process = builder.start()
            process.outputStream.close()
            def output = new StringBuilder()
            def show = { line -> Runner.log "  ${masked.inject(line) { text, secret -> text.replace(secret, '****') }}" }
            def errors = Thread.start { process.errorStream.eachLine('UTF-8', show) }
            process.inputStream.eachLine('UTF-8') { line -> if (how.returnStdout) output << line << '\n' else show(line) }
            errors.join()
            def status = process.waitFor()
            if (status in [124, 137] && Instant.now() >= deadline) throw new StepFailed('Timeout has been exceeded', 'ABORTED')
            if (how.returnStatus) return status
            if (status != 0) throw new StepFailed("script returned exit code $status")
            how.returnStdout ? output.toString() : null
        } finally { file.delete() }
    }

    void withEnv(List<String> overrides, Closure body) {
        with_(overrides.collectEntries { it.split('=', 2) as List }, body)
    }

    void withSonarQubeEnv(Map how, Closure body) {
        def server = controller.sonar[how.installationName]
        def token = controller.text(credential(how.credentialsId ?: server.credentialsId).secret)
        mask token
        with_([SONAR_CONFIG_NAME: how.installationName, SONAR_HOST_URL: controller.text(server.serverUrl), SONAR_AUTH_TOKEN: token], body)
        def reports = files('**/report-task.txt')
        if (reports) analysed = report(new File(workspace, reports[-1])) + [server: server, token: token]
    }

    private static Map report(File file) {
        file.readLines('UTF-8').findAll { it.contains('=') }.collectEntries { it.split('=', 2) as List }
    }

    void waitForQualityGate(Map how) {
        if (!analysed) throw new StepFailed('no previous SonarQube analysis found: no report-task.txt in the workspace after withSonarQubeEnv')
        if (gate == 'NONE') throw new StepFailed('Timeout has been exceeded: no webhook', 'ABORTED')
        def status = webhook ? ask(how) : gate
        Runner.say 'gate', status
        if (how.abortPipeline && status != 'OK') throw new StepFailed("Pipeline aborted due to quality gate failure: $status")
    }

    // ask waits for the webhook of the analysis, and asks the server for the status of the gate.
    private String ask(Map how) {
        if (!analysed.ceTaskId || !analysed.serverUrl) throw new StepFailed('Unable to guess SonarQube task id and/or SQ server details')
        def secret = controller.text(credential(how.webhookSecretId ?: analysed.server.webhookSecretId).secret)
        mask secret
        def event = webhook.await(analysed.ceTaskId, secret, deadline)
        if (event.status != 'SUCCESS') throw new StepFailed("SonarQube analysis '$analysed.ceTaskId' failed: $event.status")
        // The server sends the webhook just before it records the end of the task.
        def task = api('ce/task', [id: analysed.ceTaskId]).task
        while (task.status in ['PENDING', 'IN_PROGRESS']) {
            if (Instant.now() >= deadline) throw new StepFailed('Timeout has been exceeded', 'ABORTED')
            sleep 200
            task = api('ce/task', [id: analysed.ceTaskId]).task
        }
        api('qualitygates/project_status', [analysisId: task.analysisId]).projectStatus.status
    }

    private Map api(String path, Map query) {
        def words = query.collect { name, value -> "$name=${URLEncoder.encode(value as String, 'UTF-8')}" }.join('&')
        def connection = new URL("$analysed.serverUrl/api/$path?$words").openConnection() as HttpURLConnection
        connection.connectTimeout = connection.readTimeout = 30_000
        connection.setRequestProperty('Authorization', 'Basic ' + "$analysed.token:".getBytes('UTF-8').encodeBase64())
        try {
            if (connection.responseCode != 200) throw new StepFailed("SonarQube refused $path: $connection.responseCode")
            return new JsonSlurper().parse(connection.inputStream, 'UTF-8') as Map
        } catch (IOException e) { throw new StepFailed("SonarQube does not answer at $analysed.serverUrl: $e.message") }
    }

    void sshagent(List ids, Closure body) {
        def agent = run(null, 'ssh-agent', '-s')
        def (socket, pid) = [agent =~ /SSH_AUTH_SOCK=([^;]+)/, agent =~ /SSH_AGENT_PID=(\d+)/].collect { it[0][1] }
        try {
            ids.each { run([SSH_AUTH_SOCK: socket], controller.resolve(credential(it).privateKey), 'ssh-add', '-q', '-') }
            with_([SSH_AUTH_SOCK: socket, SSH_AGENT_PID: pid], body)
        } finally { run([SSH_AGENT_PID: pid, SSH_AUTH_SOCK: socket], null, 'ssh-agent', '-k') }
    }

    private String run(Map env = [:], byte[] input, String... command) {
        def builder = new ProcessBuilder(command).redirectErrorStream(true)
        builder.environment().putAll(env)
        def process = builder.start()
        process.outputStream.withStream { if (input) it.write(input) }
        def output = process.inputStream.getText('UTF-8')
        if (process.waitFor() != 0) throw new StepFailed("${command[0]}: ${output.trim()}")
        output
    }

    def file(Map how) { how + [kind: 'file'] }
    def string(Map how) { how + [kind: 'string'] }
    def sshUserPrivateKey(Map how) { how + [kind: 'key'] }

    void withCredentials(List bindings, Closure body) {
        def folder = Files.createTempDirectory('run-pipeline').toFile()
        try {
            with_(bindings.collectEntries { b ->
                def bound = credential(b.credentialsId)
                if (b.kind == 'string') {
                    def text = controller.text(bound.secret)
                    mask text
                    return [(b.variable): text]
                }
                def target = new File(folder, bound.fileName ?: 'key')
                target.bytes = controller.resolve(bound.secretBytes ?: bound.privateKey)
                run(null, 'chmod', '0400', target.path)
                [(b.variable ?: b.keyFileVariable): target.path]
            }, body)
        } finally { folder.deleteDir() }
    }

    private Map credential(String id) {
        def found = controller.credential(job, id)
        if (!found) throw new StepFailed("Could not find credentials entry with ID '$id'")
        found
    }

    void stash(Map how) {
        if (!files(how.includes ?: '**') && !how.allowEmpty) throw new StepFailed("No files included in stash '$how.name'")
        stashed << how.name
    }

    // All agents share the directory.
    void unstash(Map how) { if (!(how.name in stashed)) throw new StepFailed("No such saved stash '$how.name'") }

    private void mask(String secret) { if (secret) masked << secret }

    // files returns the files in the workspace that match a comma-separated list of Ant patterns.
    private List<String> files(String patterns) {
        def matchers = patterns.split(/\s*,\s*/).collectMany { [it] + (it.startsWith('**/') ? [it.substring(3)] : []) }
            .collect { FileSystems.default.getPathMatcher("glob:$it") }
        def root = workspace.toPath(), found = []
        Files.walkFileTree(root, new SimpleFileVisitor<Path>() {
            FileVisitResult preVisitDirectory(Path folder, java.nio.file.attribute.BasicFileAttributes a) {
                folder.fileName.toString() in ['node_modules', '.git', '.bin'] ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE
            }
            FileVisitResult visitFile(Path file, java.nio.file.attribute.BasicFileAttributes a) {
                def name = root.relativize(file)
                if (matchers.any { it.matches(name) }) found << name.toString()
                FileVisitResult.CONTINUE
            }
        })
        found.sort()
    }

    void junit(Map how) {
        def reports = files(how.testResults)
        if (!reports && !how.allowEmptyResults) throw new StepFailed('No test report files were found. Configuration error?')
        def cases = reports.collectMany { name ->
            try {
                new XmlSlurper().parse(new File(workspace, name)).'**'.findAll { it.name() == 'testcase' }
            } catch (org.xml.sax.SAXException e) { throw new StepFailed("$name is not a JUnit report: $e.message") }
        }
        def failed = cases.count { c -> c.children().any { it.name() in ['failure', 'error'] } }
        Runner.say 'junit', reports.size(), cases.size(), failed
        if (failed && !how.skipMarkingBuildUnstable) runner.worsen 'UNSTABLE'
    }

    void recordCoverage(Map how) {
        if (runner.result != 'SUCCESS' && runner.result != 'UNSTABLE' && !how.enabledForFailure) return
        def found = how.tools.collectMany { files(it.pattern) }
        found.each { Runner.say 'coverage', it }
        if (!found) {
            Runner.log 'no coverage report found'
            if (how.failOnError) throw new StepFailed('no coverage report found')
        }
    }

    void archiveArtifacts(Map how) {
        def found = files(how.artifacts)
        if (!found && !how.allowEmptyArchive) throw new StepFailed("No artifacts found that match the file pattern \"$how.artifacts\"")
        found.each { Runner.say 'archived', it }
    }

    void mail(Map how) {
        if (!how.to && !how.cc && !how.bcc) throw new StepFailed('mail: no recipient')
        Runner.say 'mail', how.to, how.subject
        Runner.log "mail to $how.to: $how.subject\n  $how.body"
    }

    // Only reported, because the directory belongs to the caller.
    void cleanWs(Map how) { Runner.say 'clean' }
}

class Environment extends GroovyObjectSupport {
    private final Steps steps
    Environment(Steps steps) { this.@steps = steps }
    def getProperty(String name) { this.@steps.value(name) }
}
