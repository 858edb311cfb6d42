package assembly

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"example.com/saga/localcloud/unsupported"
)

// manifest is the assembly's one stack and its assets.
type manifest struct {
	stack    string
	template string
	// assets maps the object key of a file asset to its folder or file.
	assets map[string]string
}

type artifact struct {
	Type        string `json:"type"`
	DisplayName string `json:"displayName"`
	Properties  struct {
		TemplateFile string `json:"templateFile"`
		StackName    string `json:"stackName"`
		File         string `json:"file"`
	} `json:"properties"`
}

func readManifest(dir string) (manifest, error) {
	var content struct {
		Artifacts map[string]artifact `json:"artifacts"`
	}
	err := readJSON(filepath.Join(dir, "manifest.json"), &content)
	if errors.Is(err, os.ErrNotExist) {
		return manifest{}, errors.New("there is none: `cdk synth` writes it")
	}
	if err != nil {
		return manifest{}, err
	}
	result := manifest{assets: map[string]string{}}
	var stacks []string
	for _, id := range sortedKeys(content.Artifacts) {
		artifact := content.Artifacts[id]
		switch artifact.Type {
		case "aws:cloudformation:stack":
			stacks = append(stacks, id)
			result.stack, result.template = id, artifact.Properties.TemplateFile
			if artifact.Properties.StackName != "" {
				result.stack = artifact.Properties.StackName
			}
		case "cdk:asset-manifest":
			if err := result.readAssets(dir, artifact.Properties.File); err != nil {
				return manifest{}, err
			}
		case "cdk:cloud-assembly":
			return manifest{}, unsupported.Errorf("the nested assembly %s is not supported by the local cloud", id)
		}
		// Other artifacts (the construct tree, feature flags) describe, and
		// do not deploy anything.
	}
	if len(stacks) != 1 {
		return manifest{}, fmt.Errorf("the local cloud runs exactly one stack, and the assembly has %d (%s)",
			len(stacks), strings.Join(stacks, ", "))
	}
	return result, nil
}

func (m manifest) readAssets(dir, file string) error {
	var content struct {
		Files map[string]struct {
			Source struct {
				Path       string   `json:"path"`
				Executable []string `json:"executable"`
			} `json:"source"`
			Destinations map[string]struct {
				ObjectKey string `json:"objectKey"`
			} `json:"destinations"`
		} `json:"files"`
	}
	if err := readJSON(filepath.Join(dir, file), &content); err != nil {
		return err
	}
	for _, asset := range content.Files {
		path := asset.Source.Path
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		for _, destination := range asset.Destinations {
			m.assets[destination.ObjectKey] = path
		}
	}
	return nil
}

// artefact returns the path of the folder or the archive with the code that has this
// key. Its bootstrap must be executable, also for a runtime that Lambda has one for.
func (m manifest) artefact(key, runtime string) (path string, err error) {
	asset, known := m.assets[key]
	if !known {
		return "", fmt.Errorf("its code %s is not an asset of the assembly", key)
	}
	if path, err = filepath.Abs(asset); err != nil {
		return "", fmt.Errorf("finding its bootstrap: %w", err)
	}
	info, err := findBootstrap(path)
	bootstrap := filepath.Join(path, "bootstrap")
	switch {
	case errors.Is(err, os.ErrNotExist) && !strings.HasPrefix(runtime, "provided."):
		err = unsupported.Errorf("the runtime %s is not part of the local cloud: it needs an executable %s that starts it, as localcloud/testdata/plain/function/bootstrap does for Node",
			runtime, bootstrap)
	case errors.Is(err, os.ErrNotExist):
		err = fmt.Errorf("its artefact %s does not exist: build it for this machine first", bootstrap)
	case err != nil:
		err = fmt.Errorf("finding its bootstrap: %w", err)
	case !info.Mode().IsRegular() || info.Mode()&0o111 == 0:
		err = fmt.Errorf("its artefact %s is not an executable file", bootstrap)
	}
	return path, err
}

func findBootstrap(path string) (fs.FileInfo, error) {
	if found, err := os.Stat(path); err != nil || !found.Mode().IsRegular() {
		return os.Stat(filepath.Join(path, "bootstrap"))
	}
	archive, err := zip.OpenReader(path)
	if err != nil {
		return nil, err
	}
	defer archive.Close() //nolint:errcheck // Nothing was written.
	return fs.Stat(archive, "bootstrap")
}

func readJSON(path string, into any) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // Nothing was written.
	decoder := json.NewDecoder(file)
	// Numbers keep their text: an event pattern must not lose digits.
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
