import org.codehaus.groovy.control.CompilerConfiguration

// The controller as plugins.txt and jenkins.yaml define it: plugins, agents, jobs and credentials. It parses only the subset of YAML that
// jenkins.yaml uses, which config_test.go compares with a real parser, and runs the job DSL script.
class Controller {
    static final String SYSTEM = 'SYSTEM'
    final Set<String> plugins
    // By store (SYSTEM or a folder) and ID.
    final Map<String, Map<String, Map>> credentials = [:]
    final Map<String, Map> sonar = [:]
    final Map<String, String> env = [:]
    // Each with its name, its labels, and the pattern of the jobs that it builds.
    final List<Map> agents = []
    // Each with its name, its Jenkinsfile and, for a multibranch job, the filters of its branches.
    final List<Map> jobs = []
    // Whether the source reports the status of commits.
    final boolean reports
    // Problems that Jenkins would report when it starts.
    final Set<String> problems = []
    private final File secrets

    Controller(File folder, File secrets) {
        this.secrets = secrets
        plugins = lines(folder, 'plugins.txt').collect { it.replaceFirst(/#.*/, '').trim() }
            .findAll { it }.collect { it.tokenize(':')[0] } as Set
        def lines = lines(folder, 'jenkins.yaml'), script = lines.findIndexOf { it ==~ /\s+- script: \|/ }
        if (script < 0) throw new Refused("${folder}/jenkins.yaml has no job DSL script")
        read(lines.take(script))
        if (!credentials[SYSTEM]) throw new Refused("${folder}/jenkins.yaml has no credentials")
        reports = System.getenv('GITHUB_REPOSITORY')
        // The script creates different jobs on GitHub and elsewhere.
        [[GITHUB_REPOSITORY: 'team/vaultsphere', GIT_URL: ''], [GITHUB_REPOSITORY: '', GIT_URL: 'git@git.example.org:vaultsphere.git']].each {
            make(lines.drop(script + 1).join('\n'), it)
        }
        if (agents && !('ssh-slaves' in plugins)) problems << 'jenkins.yaml: the launcher ssh comes with the plugin ssh-slaves, which plugins.txt lacks'
        if (agents.any { it.jobs } && !('job-restrictions' in plugins))
            problems << 'jenkins.yaml: jobRestrictionProperty comes with the plugin job-restrictions, which plugins.txt lacks'
    }

    private void read(List<String> lines) {
        def section = null, list = null, current = [:]
        lines.each { line ->
            if (line =~ /^\s*(#|$)/) return
            def top = line =~ /^([\w-]+):/
            if (top) { section = top[0][1]; list = null }
            def begins = line =~ /^\s+(installations|env|nodes):\s*$/
            if (begins) list = begins[0][1]
            def item = line =~ /^\s+- (\w+):\s*$/
            if (section == 'credentials' && item) current = [type: item[0][1]]
            if (section == 'jenkins' && item && item[0][1] == 'permanent') agents << (current = [:])
            def entry = line =~ /^\s+(- )?(\w+):\s*"?(.*?)"?\s*$/
            if (!entry || !entry[0][3]) return
            def (all, dash, key, value) = entry[0] as List
            if (section != 'credentials' && dash) current = [:]
            current[key] = value
            if (section == 'credentials' && key == 'id') credentials.get(SYSTEM, [:])[value] = current
            if (section == 'unclassified' && list == 'installations' && key == 'name') sonar[value] = current
            if (section == 'jenkins' && list == 'env' && key == 'value') env[current.key] = value
            if (key == 'labelString') current.labels = value.tokenize(' ')
            if (key == 'regexExpression') current.jobs = value
        }
    }

    private void make(String script, Map<String, String> values) {
        values.each { name, value -> script = script.replace('${' + name + '}', value) }
        def root = new Described('')
        def shell = new GroovyShell(getClass().classLoader, new Binding(), new CompilerConfiguration(scriptBaseClass: DelegatingScript.name))
        def parsed = shell.parse(script) as DelegatingScript
        parsed.setDelegate(root)
        parsed.run()
        root.children.each { call ->
            def name = call.args[0]
            switch (call.name) {
                case 'folder':
                    credentials[name] = call.all('credentials').collectMany { it.children }.collectEntries { c ->
                        [c.value('id'), [type: c.name] + ['scope', 'secret', 'privateKey'].collectEntries { [it, c.value(it)] }]
                    }
                    break
                case 'multibranchPipelineJob':
                    job(name, call, [included: call.value('includes').tokenize(' '), excluded: call.value('excludes').tokenize(' ')])
                    source(name, call)
                    break
                case 'pipelineJob': job(name, call, null); break
                default: problems << "jenkins.yaml: this double does not support the job $call.name".toString()
            }
        }
    }

    private void job(String name, Described call, Map branches) {
        if (!jobs.any { it.name == name }) jobs << [name: name, file: call.value('scriptPath'), branches: branches]
    }

    // The source of a job comes with a plugin and needs a certain type of credential.
    private void source(String name, Described call) {
        def source = call.all('source')[0].children[0]
        def (plugin, kind) = [github: ['github-branch-source', 'gitHubApp'], git: ['git', 'basicSSHUserPrivateKey']][source.name]
        if (!(plugin in plugins)) problems << "jenkins.yaml: the source $source.name of the job comes with the plugin $plugin, which plugins.txt lacks".toString()
        def id = source.value('credentialsId')
        if (credential(name, id)?.type != kind) problems << "jenkins.yaml: the source $source.name of the job needs a $kind, but its credential is $id".toString()
    }

    // credential returns the credential for builds of a job: from an enclosing folder, or a global one of the system.
    Map credential(String job, String id) {
        for (def parent = job; parent; parent = parent.contains('/') ? parent.substring(0, parent.lastIndexOf('/')) : '') {
            if (credentials[parent]?.containsKey(id)) return credentials[parent][id]
        }
        def system = credentials[SYSTEM][id]
        system?.scope == 'GLOBAL' ? system : null
    }

    // anyCredential returns a credential from any store.
    Map anyCredential(String id) { credentials.values().findResult { it[id] } }

    // agentFor returns the agent for a build of the job by a label or by the agent's name. The plugin matches the name of the job followed
    // by Jenkins's name for the waiting part of the build.
    Map agentFor(String job, String label) {
        agents.find { (label in it.labels || label == it.name) && (!it.jobs || "$job/part of it".toString() ==~ it.jobs) }
    }

    // jobsOf returns the jobs that run a Jenkinsfile: those with its path, or else the multibranch jobs.
    List<Map> jobsOf(File file) {
        jobs.findAll { !it.branches && file.canonicalPath.endsWith('/' + it.file) } ?: jobs.findAll { it.branches }
    }

    // builds reports whether a multibranch job builds the branch. In a filter, * matches any part of a name.
    static boolean builds(Map job, String branch) {
        def one = { String pattern -> branch ==~ pattern.tokenize('*').collect { java.util.regex.Pattern.quote(it) }.join('.*') + (pattern.endsWith('*') ? '.*' : '') }
        job.branches.included.any { it == '*' || one(it) } && !job.branches.excluded.any(one)
    }

    private static List<String> lines(File folder, String name) {
        def file = new File(folder, name)
        if (!file.file) throw new Refused("$file is missing")
        file.readLines('UTF-8')
    }

    // resolve replaces ${NAME}, ${readFile:PATH} and ${readFileBase64:PATH} like the plugin configuration-as-code.
    byte[] resolve(String text) {
        def whole = text =~ /^\$\{(?:(readFile|readFileBase64):)?([^}:]+)\}$/
        if (!whole) return text.getBytes('UTF-8')
        def (all, how, what) = whole[0] as List
        if (how) return secret(new File(what).name).bytes
        def file = new File(secrets, what)
        if (file.file) return file.getText('UTF-8').trim().getBytes('UTF-8')
        def value = System.getenv(what)
        if (value == null) throw new Refused("jenkins.yaml needs $what, which is neither in the environment nor a file in $secrets")
        value.getBytes('UTF-8')
    }

    private File secret(String name) {
        def file = new File(secrets, name)
        if (!file.file) throw new Refused("jenkins.yaml needs the secret $name, but there is no file $file")
        file
    }

    String text(String value) { new String(resolve(value), 'UTF-8') }
}
