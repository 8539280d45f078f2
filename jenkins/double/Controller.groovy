// The controller that plugins.txt and jenkins.yaml make: which plugins it has, which credentials it knows, and where their
// values come from. It reads the part of YAML that jenkins.yaml is written in; pipeline_test.go holds it against a parser.
class Controller {
    final Set<String> plugins
    final Map<String, Map> credentials = [:]
    final Map<String, Map> sonar = [:]
    final Map<String, String> env = [:]
    // Whether the job's source is one that reports the status of commits.
    final boolean reports
    // What Jenkins would say against the job when it starts.
    final List<String> problems = []
    private final File secrets

    Controller(File folder, File secrets) {
        this.secrets = secrets
        plugins = lines(folder, 'plugins.txt').collect { it.replaceFirst(/#.*/, '').trim() }
            .findAll { it }.collect { it.tokenize(':')[0] } as Set
        def section = null, inside = null, kind = null, current = [:]
        lines(folder, 'jenkins.yaml').each { line ->
            if (line =~ /^\s*(#|$)/) return
            def top = line =~ /^(\w+):/
            if (top) { section = top[0][1]; inside = null }
            def list = line =~ /^\s+(installations|env):\s*$/
            if (list) inside = list[0][1]
            def item = line =~ /^\s+- (\w+):\s*$/
            if (section == 'credentials' && item) { kind = item[0][1]; current = [type: kind] }
            def entry = line =~ /^\s+(- )?(\w+):\s*"?(.*?)"?\s*$/
            if (!entry || !entry[0][3]) return
            def (all, dash, key, value) = entry[0] as List
            if (section != 'credentials' && dash) current = [:]
            current[key] = value
            if (section == 'credentials' && key == 'id') credentials[value] = current
            if (section == 'unclassified' && inside == 'installations' && key == 'name') sonar[value] = current
            if (section == 'jenkins' && inside == 'env' && key == 'value') env[current.key] = value
        }
        if (!credentials) throw new Refused("${folder}/jenkins.yaml has no credentials")
        reports = job(new File(folder, 'jenkins.yaml').getText('UTF-8'))
    }

    // The sources of the job, each with its plugin and the kind of its credential. The one for GitHub counts when the
    // environment names a repository there.
    private boolean job(String text) {
        [github: ['github-branch-source', 'gitHubApp'], git: ['git', 'basicSSHUserPrivateKey']].collectEntries { source, needs ->
            def block = text =~ /(?s)\b$source \{\n(.*?)traits \{/
            if (!block) return [source, false]
            def (plugin, kind) = needs
            if (!(plugin in plugins)) problems << "jenkins.yaml: the source $source of the job comes with the plugin $plugin, which plugins.txt has not".toString()
            def id = (block[0][1] =~ /credentialsId\('(.*?)'\)/).with { it ? it[0][1] : null }
            if (credentials[id]?.type != kind) problems << "jenkins.yaml: the source $source of the job needs a $kind, and its credential is $id".toString()
            [source, true]
        }.github && System.getenv('GITHUB_REPOSITORY')
    }

    private static List<String> lines(File folder, String name) {
        def file = new File(folder, name)
        if (!file.file) throw new Refused("$file is missing")
        file.readLines('UTF-8')
    }

    // resolve gives what configuration as code makes of ${NAME}, ${readFile:PATH} and ${readFileBase64:PATH}.
    byte[] resolve(String text) {
        def whole = text =~ /^\$\{(?:(readFile|readFileBase64):)?([^}:]+)\}$/
        if (!whole) return text.getBytes('UTF-8')
        def (all, how, what) = whole[0] as List
        if (how) return secret(new File(what).name).bytes
        def file = new File(secrets, what)
        if (file.file) return file.getText('UTF-8').trim().getBytes('UTF-8')
        def value = System.getenv(what)
        if (value == null) throw new Refused("jenkins.yaml wants $what, which is neither in the environment nor a file in $secrets")
        value.getBytes('UTF-8')
    }

    private File secret(String name) {
        def file = new File(secrets, name)
        if (!file.file) throw new Refused("jenkins.yaml wants the secret $name, but there is no file $file")
        file
    }

    String text(String value) { new String(resolve(value), 'UTF-8') }
}
