// The vocabulary of the declarative DSL with the plugins of plugins.txt. Sources: Pipeline Syntax and Pipeline Steps Reference at
// jenkins.io, and the @DataBoundConstructor and @DataBoundSetter of each step's class.
class Words {
    static final SECTIONS = ['agent', 'stages', 'post', 'environment', 'options', 'parameters', 'triggers', 'tools', 'libraries']
    static final STAGE = ['agent', 'environment', 'failFast', 'input', 'matrix', 'options', 'parallel', 'post', 'stages', 'steps',
                          'tools', 'when']
    // In the order of execution in Jenkins.
    static final POST = ['always', 'changed', 'fixed', 'regression', 'aborted', 'failure', 'success', 'unstable',
                         'unsuccessful', 'notBuilt', 'cleanup']
    static final WHEN = ['allOf', 'anyOf', 'not', 'branch', 'buildingTag', 'changelog', 'changeset', 'changeRequest',
                         'environment', 'equals', 'expression', 'isRestartedRun', 'tag', 'triggeredBy',
                         'beforeAgent', 'beforeInput', 'beforeOptions']
    static final AGENTS = ['any', 'none', 'label', 'node', 'docker', 'dockerfile', 'kubernetes']

    // NAME: 'plugin | parameter:Type, …'. The first parameter may be positional unless the list begins with '-'. ! marks a required
    // parameter, {} a step with a block of steps.
    static final OPTIONS = parse(
        buildDiscarder: 'core | strategy:BuildDiscarder!',
        checkoutToSubdirectory: 'pipeline-model-definition | subdirectory:String!',
        disableConcurrentBuilds: 'workflow-job | -, abortPrevious:boolean',
        disableRestartFromStage: 'pipeline-model-definition | -',
        disableResume: 'workflow-job | -',
        durabilityHint: 'workflow-job | hint:String!',
        newContainerPerStage: 'pipeline-model-definition | -',
        overrideIndexTriggers: 'workflow-multibranch | enableTriggers:boolean!',
        parallelsAlwaysFailFast: 'pipeline-model-definition | -',
        preserveStashes: 'pipeline-model-definition | -, buildCount:int',
        quietPeriod: 'pipeline-model-definition | quietPeriod:int!',
        retry: 'workflow-basic-steps | count:int!',
        skipDefaultCheckout: 'pipeline-model-definition | skipDefaultCheckout:boolean',
        skipStagesAfterUnstable: 'pipeline-model-definition | skipStagesAfterUnstable:boolean',
        timeout: 'workflow-basic-steps | time:int!, activity:boolean, unit:Unit',
        timestamps: 'timestamper | -',
    )
    static final STAGE_OPTIONS = ['retry', 'skipDefaultCheckout', 'timeout', 'timestamps']

    static final STEPS = parse(
        archiveArtifacts: 'core | artifacts:String!, allowEmptyArchive:boolean, caseSensitive:boolean, ' +
            'defaultExcludes:boolean, excludes:String, fingerprint:boolean, followSymlinks:boolean, onlyIfSuccessful:boolean',
        checkout: 'workflow-scm-step | scm:SCM!, changelog:boolean, poll:boolean',
        cleanWs: 'ws-cleanup | -, cleanWhenAborted:boolean, cleanWhenFailure:boolean, cleanWhenNotBuilt:boolean, ' +
            'cleanWhenSuccess:boolean, cleanWhenUnstable:boolean, cleanupMatrixParent:boolean, deleteDirs:boolean, ' +
            'disableDeferredWipeout:boolean, externalDelete:String, notFailBuild:boolean, patterns:List, skipWhenFailed:boolean',
        echo: 'workflow-basic-steps | message:String!',
        error: 'workflow-basic-steps | message:String!',
        junit: 'junit | testResults:String!, allowEmptyResults:boolean, checksName:String, healthScaleFactor:double, ' +
            'keepLongStdio:boolean, keepProperties:boolean, keepTestNames:boolean, skipMarkingBuildUnstable:boolean, ' +
            'skipOldReports:boolean, skipPublishingChecks:boolean, stdioRetention:String, testDataPublishers:List',
        mail: 'mailer | -, subject:String!, body:String!, bcc:String, cc:String, charset:String, from:String, ' +
            'mimeType:String, replyTo:String, to:String',
        recordCoverage: 'coverage | -, tools:CoverageTools, checksAnnotationScope:String, checksName:String, ' +
            'enabledForFailure:boolean, failOnError:boolean, id:String, ignoreParsingErrors:boolean, name:String, ' +
            'qualityGates:List, scm:String, skipPublishingChecks:boolean, skipSymbolicLinks:boolean, ' +
            'sourceCodeEncoding:String, sourceCodeRetention:String, sourceDirectories:List',
        sh: 'workflow-durable-task-step | script:String!, encoding:String, label:String, returnStatus:boolean, returnStdout:boolean',
        sshagent: 'ssh-agent | credentials:SSHKeys!, ignoreMissing:boolean {}',
        stash: 'workflow-basic-steps | name:String!, allowEmpty:boolean, excludes:String, includes:String, useDefaultExcludes:boolean',
        timeout: 'workflow-basic-steps | time:int!, activity:boolean, unit:Unit {}',
        unstash: 'workflow-basic-steps | name:String!',
        waitForQualityGate: 'sonar | abortPipeline:boolean, credentialsId:SecretText, webhookSecretId:SecretText',
        withCredentials: 'credentials-binding | bindings:Bindings! {}',
        withEnv: 'workflow-basic-steps | overrides:List! {}',
        withSonarQubeEnv: 'sonar | installationName:SonarServer, credentialsId:SecretText, envOnly:boolean {}',
    )

    // Steps that run on an agent or use its files.
    static final ON_AN_AGENT = ['archiveArtifacts', 'checkout', 'cleanWs', 'junit', 'recordCoverage', 'sh', 'sshagent', 'stash', 'unstash',
                                'withSonarQubeEnv']

    // Values of parameters. The type of a credential is the one in jenkins.yaml.
    static final NESTED = parse(
        logRotator: 'core | -, artifactDaysToKeepStr:String, artifactNumToKeepStr:String, daysToKeepStr:String, ' +
            'numToKeepStr:String, removeLastBuild:boolean',
        file: 'credentials-binding | -, credentialsId:SecretFile!, variable:String!',
        string: 'credentials-binding | -, credentialsId:SecretText!, variable:String!',
        sshUserPrivateKey: 'credentials-binding | -, credentialsId:SSHKey!, keyFileVariable:String!, passphraseVariable:String, ' +
            'usernameVariable:String',
    )
    static final VALUES = [BuildDiscarder: ['logRotator'], Bindings: ['file', 'string', 'sshUserPrivateKey']]
    static final CREDENTIALS = [SecretFile: 'file', SecretText: 'string', SSHKey: 'basicSSHUserPrivateKey']
    static final UNITS = [NANOSECONDS: 1e-9, MICROSECONDS: 1e-6, MILLISECONDS: 1e-3, SECONDS: 1, MINUTES: 60, HOURS: 3600,
                          DAYS: 86400]
    static final PARSERS = ['CLOVER', 'COBERTURA', 'GO_COV', 'JACOCO', 'JUNIT', 'METRICS', 'NUNIT', 'OPENCOVER',
                            'PIT', 'VECTORCAST', 'XUNIT']

    static Map parse(Map words) {
        words.collectEntries { name, text ->
            def block = text.endsWith(' {}')
            def (plugin, list) = (block ? text[0..-4] : text).split(/ \| /) as List
            def items = list.split(/, /) as List
            def positional = items[0] != '-'
            if (!positional) items.remove(0)
            def params = items.collectEntries {
                def (param, type) = it.tokenize(':')
                [param, [type: type - '!', required: type.endsWith('!')]]
            }
            [name, [plugin: plugin, block: block, sole: positional ? params.keySet()[0] : null, params: params]]
        }
    }
}
