package s3fetch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	shared "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// containerHost is where ECS answers (docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html).
const containerHost = "http://169.254.170.2"

// environment is AWS_ACCESS_KEY_ID and its like, of those variables that the agent's operator
// lets the plugin see.
func (s *session) environment() origin {
	return origin{"the environment", func(context.Context) (aws.Credentials, error) {
		id, secret := s.env("AWS_ACCESS_KEY_ID"), s.env("AWS_SECRET_ACCESS_KEY")
		switch {
		case id == "" && secret == "":
			return aws.Credentials{}, absent{"the plugin sees no AWS_ACCESS_KEY_ID; " + prefix + "env names the variables that it may see"}
		case id == "" || secret == "":
			return aws.Credentials{}, permanent("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together, and the plugin sees one of them; " +
				"name both in " + prefix + "env")
		}
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: s.env("AWS_SESSION_TOKEN")}, nil
	}}
}

// webIdentity exchanges the token that Kubernetes and the like write into a file.
func (s *session) webIdentity() origin {
	return origin{"web identity", func(ctx context.Context) (aws.Credentials, error) {
		file, role := s.env("AWS_WEB_IDENTITY_TOKEN_FILE"), s.env("AWS_ROLE_ARN")
		if file == "" || role == "" {
			return aws.Credentials{}, absent{"the plugin sees no AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN"}
		}
		return s.assumeByToken(ctx, file, role, s.env("AWS_ROLE_SESSION_NAME"))
	}}
}

func (s *session) assumeByToken(ctx context.Context, file, role, name string) (aws.Credentials, error) {
	if _, err := os.Stat(file); err != nil {
		return aws.Credentials{}, plugins.AsPermanent(err)
	}
	provider := stscreds.NewWebIdentityRoleProvider(s.sts(aws.AnonymousCredentials{}), role, stscreds.IdentityTokenFile(file),
		func(o *stscreds.WebIdentityRoleOptions) { o.RoleSessionName = name })
	found, err := provider.Retrieve(ctx)
	return found, roleFailure(role, err)
}

// profile reads the shared files. Where the operator asked for it, it has to be there.
func (s *session) profile(name string, asked bool) origin {
	credentialsFile, configFile := s.sharedFiles()
	if name == "" {
		name = s.env("AWS_PROFILE")
	}
	asked = asked || name != ""
	if name == "" {
		name = "default"
	}
	where := credentialsFile
	return origin{fmt.Sprintf("profile %s in %s", name, where), func(ctx context.Context) (aws.Credentials, error) {
		found, err := s.readProfile(ctx, name, credentialsFile, configFile)
		var none absent
		if asked && errors.As(err, &none) {
			return aws.Credentials{}, plugins.AsPermanent(errors.New(none.why))
		}
		return found, err
	}}
}

func (s *session) sharedFiles() (credentialsFile, configFile string) {
	credentialsFile = cmp.Or(s.config.credentialsFile, s.env("AWS_SHARED_CREDENTIALS_FILE"), shared.DefaultSharedCredentialsFilename())
	return credentialsFile, cmp.Or(s.config.configFile, s.env("AWS_CONFIG_FILE"), shared.DefaultSharedConfigFilename())
}

func (s *session) readProfile(ctx context.Context, name, credentialsFile, configFile string) (aws.Credentials, error) {
	found, err := loadProfile(ctx, name, credentialsFile, configFile)
	if err != nil {
		return aws.Credentials{}, err
	}
	return s.ofProfile(ctx, &found)
}

func loadProfile(ctx context.Context, name, credentialsFile, configFile string) (shared.SharedConfig, error) {
	found, err := shared.LoadSharedConfigProfile(ctx, name, func(o *shared.LoadSharedConfigOptions) {
		o.CredentialsFiles, o.ConfigFiles = []string{credentialsFile}, []string{configFile}
	})
	var notThere shared.SharedConfigProfileNotExistError
	var noSource shared.SharedConfigAssumeRoleError
	switch {
	case err == nil:
		return found, nil
	case errors.As(err, &noSource):
		return found, permanent("it takes role %s, but its source_profile is not there, or has no keys", noSource.RoleARN)
	case errors.As(err, &notThere):
		return found, absent{whyNoProfile(credentialsFile)}
	}
	// The library's text may hold the line, and so the secret.
	return found, permanent("the shared files cannot be understood: look for lines that are neither [NAME] nor KEY = VALUE, and for values that are none")
}

// whyNoProfile is the reason that the library does not tell.
func whyNoProfile(file string) string {
	f, err := os.Open(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file"
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("user %d may not read it", os.Geteuid())
	case err != nil:
		return "it cannot be read"
	}
	f.Close()
	return "it has no such profile"
}

// ofProfile gets the credentials that a profile stands for.
func (s *session) ofProfile(ctx context.Context, p *shared.SharedConfig) (aws.Credentials, error) {
	switch {
	case p.RoleARN != "" && p.WebIdentityTokenFile != "":
		return s.assumeByToken(ctx, p.WebIdentityTokenFile, p.RoleARN, p.RoleSessionName)
	case p.RoleARN != "" && p.Source != nil:
		source, err := s.ofProfile(ctx, p.Source)
		if err != nil {
			return aws.Credentials{}, err
		}
		return s.assume(ctx, p, source)
	case p.Credentials.HasKeys():
		return p.Credentials, nil
	case p.CredentialProcess != "" || p.SSOStartURL != "" || p.SSOSessionName != "" || p.RoleARN != "" || p.LoginSession != "":
		return aws.Credentials{}, permanent("it gets its keys in a way (credential_process, SSO, a login, or a role without a source_profile) " +
			"that is not served here; use keys, role_arn with source_profile, or web_identity_token_file")
	}
	return aws.Credentials{}, absent{"it has no keys"}
}

func (s *session) assume(ctx context.Context, p *shared.SharedConfig, source aws.Credentials) (aws.Credentials, error) {
	client := s.sts(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return source, nil }))
	found, err := stscreds.NewAssumeRoleProvider(client, p.RoleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = p.RoleSessionName
		if p.ExternalID != "" {
			o.ExternalID = &p.ExternalID
		}
		if p.RoleDurationSeconds != nil {
			o.Duration = *p.RoleDurationSeconds
		}
	}).Retrieve(ctx)
	return found, roleFailure(p.RoleARN, err)
}

func (s *session) sts(provider aws.CredentialsProvider) *sts.Client {
	o := sts.Options{Region: s.region(address{}), HTTPClient: s.http, Credentials: provider, Retryer: aws.NopRetryer{}}
	if endpoint := s.env("AWS_ENDPOINT_URL_STS"); endpoint != "" {
		o.BaseEndpoint = &endpoint
	}
	return sts.New(o)
}

func roleFailure(role string, err error) error {
	var api smithy.APIError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &api) && status(err) < http.StatusInternalServerError:
		return permanent("role %s is not given: %s", role, told(api))
	case errors.As(err, &api):
		return fmt.Errorf("role %s is not given now: %s", role, told(api))
	}
	return fmt.Errorf("the token service does not answer for role %s: %s", role, cause(err))
}

// container asks the agent of ECS or EKS for the credentials of the container's role.
func (s *session) container() origin {
	return origin{"the container's role", func(ctx context.Context) (aws.Credentials, error) {
		endpoint := s.env("AWS_CONTAINER_CREDENTIALS_FULL_URI")
		if relative := s.env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); relative != "" {
			endpoint = containerHost + relative
		}
		if endpoint == "" {
			return aws.Credentials{}, absent{"the plugin sees no AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI"}
		}
		token, err := s.containerToken()
		if err != nil {
			return aws.Credentials{}, plugins.AsPermanent(err)
		}
		ctx, cancel := context.WithTimeout(ctx, s.config.ConnectTimeout)
		defer cancel()
		found, err := endpointcreds.New(endpoint, func(o *endpointcreds.Options) {
			o.HTTPClient, o.Retryer, o.AuthorizationToken = s.local, aws.NopRetryer{}, token
		}).Retrieve(ctx)
		if err != nil {
			return found, fmt.Errorf("its endpoint does not give them: %s", cause(err))
		}
		return found, nil
	}}
}

func (s *session) containerToken() (string, error) {
	if file := s.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); file != "" {
		text, err := os.ReadFile(file)
		return strings.TrimSpace(string(text)), err
	}
	return s.env("AWS_CONTAINER_AUTHORIZATION_TOKEN"), nil
}

// instanceRole asks the metadata service of the machine. On most closed networks nobody
// answers there, so that the time for it is short.
func (s *session) instanceRole() origin {
	return origin{"the instance role", func(ctx context.Context) (aws.Credentials, error) {
		if strings.EqualFold(s.env("AWS_EC2_METADATA_DISABLED"), "true") {
			return aws.Credentials{}, absent{"AWS_EC2_METADATA_DISABLED is set"}
		}
		ctx, cancel := context.WithTimeout(ctx, s.config.instanceRoleTimeout)
		defer cancel()
		client := imds.New(imds.Options{HTTPClient: s.local, Retryer: aws.NopRetryer{}, Endpoint: s.env("AWS_EC2_METADATA_SERVICE_ENDPOINT"),
			ClientEnableState: imds.ClientEnabled})
		found, err := ec2rolecreds.New(func(o *ec2rolecreds.Options) { o.Client = client }).Retrieve(ctx)
		var answered *awshttp.ResponseError
		switch {
		case err == nil:
			return found, nil
		case ctx.Err() != nil:
			return found, absent{fmt.Sprintf("no answer from the metadata service within %v", s.config.instanceRoleTimeout)}
		case errors.As(err, &answered) && answered.HTTPStatusCode() >= http.StatusInternalServerError:
			return found, fmt.Errorf("the metadata service answered %d", answered.HTTPStatusCode())
		case errors.As(err, &answered):
			return found, absent{fmt.Sprintf("the metadata service answered %d: this machine has none", answered.HTTPStatusCode())}
		}
		return found, absent{"no metadata service here: " + cause(err)}
	}}
}
